"""The variables by which the clients of a product come to use a proxy and believe its certificates, and how each shell
writes them.

Every client reads others, and one that is set already may win over one that we set: so all of them are, in both cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

__all__ = ["SHELLS", "base_variable", "client_variables", "java_options", "rendered"]

SHELLS = ("bash", "fish", "powershell", "dotenv", "json")

_AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE",
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "PIP_CERT")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
_NEAR = ("localhost", "127.0.0.1", "::1")


def client_variables(*, proxy: str = "", bundle: str = "", bases: Mapping[str, str], hosts: Iterable[str] = ()) -> (
        dict[str, str]):
    """What a product's clients have to be given. `proxy` is the URL of the forward listener ('' for none), `bundle` the
    file of the usual roots with ours, `bases` the base URL of each provider that has one, `hosts` those that are to go
    through the proxy: one of them that is this machine keeps it out of NO_PROXY."""
    found = {base_variable(name): url for name, url in bases.items()}
    if not proxy:
        return found
    spared = ",".join(host for host in _NEAR if host not in set(hosts))
    both = dict.fromkeys(_PROXIES, proxy) | {"NO_PROXY": spared}
    return {
        **both, **{name.lower(): value for name, value in both.items()}, **dict.fromkeys(_AUTHORITIES, bundle),
        "NODE_USE_ENV_PROXY": "1", **found,
    }


def base_variable(provider: str) -> str:
    """`FLOWPROBE_PAYMENTS_URL`: where the product's own variable is to point."""
    return f"FLOWPROBE_{re.sub('[^A-Z0-9]', '_', provider.upper())}_URL"


def java_options(proxy: str, truststore: str) -> str:
    """The options of a JVM, which reads none of the variables."""
    parts = urlsplit(proxy)
    where = (f"-D{scheme}.proxyHost={parts.hostname} -D{scheme}.proxyPort={parts.port}" for scheme in ("http", "https"))
    return (f"{' '.join(where)} '-Dhttp.nonProxyHosts=localhost|127.*|[::1]' "
            f"-Djavax.net.ssl.trustStore={truststore} -Djavax.net.ssl.trustStorePassword=changeit")


# --- shells ---------------------------------------------------------------------------------------


def rendered(variables: Mapping[str, str], shell: str) -> str:
    """The lines that a shell, or a reader of such files, makes these variables of."""
    if shell == "json":
        return json.dumps(variables, indent=1)
    return "\n".join(_lines(variables, shell))


def _lines(variables: Mapping[str, str], shell: str) -> Iterator[str]:
    # PowerShell and dotenv know no case, or know it and read both: the later of two equal names stands.
    for name, value in variables.items():
        match shell:
            case "bash":
                yield f"export {name}={_quoted(value)}"
            case "fish":
                yield f"set -gx {name} {_single(value, {chr(92): chr(92) * 2, chr(39): chr(92) + chr(39)})}"
            case "powershell":
                yield f"$env:{name} = {_single(value, {chr(39): chr(39) * 2})}"
            case "dotenv":
                yield f"{name}={json.dumps(value, ensure_ascii=False)}"
            case strange:
                raise ValueError(f"no such shell: {strange}")


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w@%+=:,./-]+", value, re.ASCII) else _single(value, {"'": "'\"'\"'"})


def _single(value: str, escapes: Mapping[str, str]) -> str:
    return "'" + "".join(escapes.get(character, character) for character in value) + "'"
