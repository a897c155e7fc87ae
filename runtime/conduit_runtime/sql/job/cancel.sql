SELECT {conduit_cancel}(%(id)s)
