/**
 * A self-signed certificate for tests that receive over TLS on loopback, for `hooks.example.org` and
 * 127.0.0.1, until 2126. Its key is here for all to read and opens nothing.
 */
export const receiverCertificate = `-----BEGIN CERTIFICATE-----
MIIBuzCCAWGgAwIBAgIUJ3d/fayZ3dnwTQn9UMbe8FocP1owCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVQ3VzdG9keSB0ZXN0IHJlY2VpdmVyMCAXDTI2MTEyNDEyMjg0
N1oYDzIxMjYxMDMxMTIyODQ3WjAgMR4wHAYDVQQDDBVDdXN0b2R5IHRlc3QgcmVj
ZWl2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARSv8w/fDM8MdqX5vmD/Z7M
5bcBQxNQ3SRjiAm0Z73T4DSsDGRRGUyQwyiUCa147vtxyUPzjemFhyFM5kUQUl6R
o3cwdTAdBgNVHQ4EFgQUO9h/7CJeEyjsazqwY6VMKiIqZZkwHwYDVR0jBBgwFoAU
O9h/7CJeEyjsazqwY6VMKiIqZZkwDwYDVR0TAQH/BAUwAwEB/zAiBgNVHREEGzAZ
ghFob29rcy5leGFtcGxlLm9yZ4cEfwAAATAKBggqhkjOPQQDAgNIADBFAiBPpBY1
IwpxqaJQwVqUiPCtOGscps4AuW59+0vlDO4z2AIhAN23m3UuBEYTg8STlzBF8mci
MJ52M0wEBnLmNaRAEDal
-----END CERTIFICATE-----
`

export const receiverKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoaAwAMymtts/0Ipn
BXM04vLWeRBMSwCrPfKcnofDNJqhRANCAARSv8w/fDM8MdqX5vmD/Z7M5bcBQxNQ
3SRjiAm0Z73T4DSsDGRRGUyQwyiUCa147vtxyUPzjemFhyFM5kUQUl6R
-----END PRIVATE KEY-----
`
