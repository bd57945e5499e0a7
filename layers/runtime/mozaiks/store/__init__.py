"""MongoDB: one module per collection, indexes in one place."""

import sys
from importlib.util import find_spec

# The driver tries a TLS library that few have; without it the attempt fails, but not before it has loaded the whole of
# ``cryptography``: a tenth of what the functions at the socket import. A module that is ``None`` is known to be
# missing.
if find_spec("OpenSSL") is None:
    sys.modules.setdefault("pymongo.pyopenssl_context", None)  # type: ignore[arg-type]
