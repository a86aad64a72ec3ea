"""Authorities and certificates of the tests, made by the openssl command when they are needed."""

import ssl
import subprocess


def _openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)


class Authority:
    """A certificate authority with its folder; issue() gives (certificate, key) as paths."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.key, self.path = folder / f"{name}.key", folder / f"{name}.pem"
        folder.mkdir(exist_ok=True)
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj", f"/CN={name}",
                 "-keyout", self.key, "-out", self.path)

    def issue(self, name, *hosts, days=30):
        """hosts: names and addresses that it is good for."""
        stem = self.folder / f"{self.name}-{name}"
        alternatives = ",".join(f"IP:{h}" if h.replace(".", "").isdigit() else f"DNS:{h}" for h in hosts)
        extension = stem.with_suffix(".ext")
        extension.write_text(f"subjectAltName={alternatives}\n" if hosts else "basicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", stem.with_suffix(".key"), "-out", stem.with_suffix(".csr"))
        _openssl("x509", "-req", "-in", stem.with_suffix(".csr"), "-CA", self.path, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                 "-extfile", extension, "-out", stem.with_suffix(".pem"))
        return stem.with_suffix(".pem"), stem.with_suffix(".key")

    def client_context(self, pair=None, **versions):
        """Trusts this authority; pair: shows this certificate."""
        context = ssl.create_default_context(cafile=self.path)
        if pair:
            context.load_cert_chain(*pair)
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def server_context(self, pair, ask=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        if ask:
            context.load_verify_locations(self.path)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
