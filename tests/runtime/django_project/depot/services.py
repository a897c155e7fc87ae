"""Services of the jobs."""


class Texts:
    def upper(self, text: str) -> str:
        return text.upper()


services = {"texts": Texts()}
