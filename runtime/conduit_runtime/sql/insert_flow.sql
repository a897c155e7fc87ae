WITH {flow}
SELECT {answer}
