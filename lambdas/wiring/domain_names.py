"""Domain names in the form that DNS uses."""


def to_ascii(host: str) -> str:
    """An internationalised host name as ASCII, by UTS #46 and IDNA 2008. Raises ValueError.

    The codec of Python is IDNA 2003. It maps some names, such as those with an eszett, to the host of another owner.
    """
    if host.isascii() and "xn--" not in host.lower():
        return host
    import idna  # loaded here, because its tables are large and few hosts need them

    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None
