"""Domain names as DNS has them."""


def to_ascii(host: str) -> str:
    """An internationalised host name by UTS #46 and IDNA 2008, such as xn--bcher-kva.example; raises ValueError.

    Python's own codec is IDNA 2003, which leads some names, those with an eszett among them, to another's host.
    """
    if host.isascii() and "xn--" not in host.lower():
        return host
    import idna  # its tables take a while to load, and few hosts need them

    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None
