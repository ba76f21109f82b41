"""A camera of GStreamer's RTSP server, as a script for Debian's own Python, which has the bindings (`python3-gi`): see `camera.py`.

SIGUSR1 closes its shutter: it answers on, and no frame comes. SIGUSR2 opens it.
"""

import argparse
import signal
from pathlib import Path
from typing import Any

import gi

for _name in ("Gst", "GstRtsp", "GstRtspServer"):
    gi.require_version(_name, "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - after their versions are said

_ROLE = "watcher"
_LAUNCH = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate={rate}/1"
    " ! jpegenc ! rtpjpegpay pt=26 ! identity name=pay0 )"
)
_SOUND = (
    "( audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay0 pt=0 )"
)


class Camera:
    """One picture, shared by all who look."""

    def __init__(self, told: argparse.Namespace) -> None:
        self._closed = told.closed
        self.factory = GstRtspServer.RTSPMediaFactory()
        self.factory.set_launch(_SOUND if told.sound else _LAUNCH.format(rate=told.rate))
        self.factory.set_shared(True)
        self.factory.connect("media-configure", self._begin)

    def close(self, closed: bool) -> bool:
        self._closed = closed
        return True

    def _begin(self, _factory: Any, media: Any) -> None:
        pad = media.get_element().get_by_name("pay0").get_static_pad("src")
        begun = False

        def shutter(_pad: Any, info: Any) -> Any:
            # The server wants to see packets before it describes and plays: it gets those of one frame, but for its end.
            nonlocal begun
            if not self._closed:
                begun = False
            elif begun:
                return Gst.PadProbeReturn.DROP
            elif info.get_buffer().has_flags(Gst.BufferFlags.MARKER):
                begun = True
                return Gst.PadProbeReturn.DROP
            return Gst.PadProbeReturn.OK

        pad.add_probe(Gst.PadProbeType.BUFFER, shutter)


def _auth(told: argparse.Namespace, factory: Any) -> Any:
    auth = GstRtspServer.RTSPAuth()
    token, permissions = GstRtspServer.RTSPToken(), GstRtspServer.RTSPPermissions()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, _ROLE)
    for permission in (
        GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS,
        GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
    ):
        permissions.add_permission_for_role(_ROLE, permission, True)
    if told.user:
        password = Path(told.password_file).read_text(encoding="utf-8")
        if told.basic:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(told.user, password), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(told.user, password, token)
    else:
        auth.set_default_token(token)
    if told.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(told.certificate))
    factory.set_permissions(permissions)
    return auth


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port")
    parser.add_argument("path")
    parser.add_argument("--user", default="")
    parser.add_argument("--password-file")
    parser.add_argument("--certificate")
    parser.add_argument("--rate", type=int, default=10)
    for flag in ("--basic", "--closed", "--sound"):
        parser.add_argument(flag, action="store_true")
    told = parser.parse_args()
    Gst.init(None)
    camera = Camera(told)
    server = GstRtspServer.RTSPServer(address=told.host, service=told.port)
    server.get_mount_points().add_factory(told.path, camera.factory)
    server.set_auth(_auth(told, camera.factory))
    server.attach(None)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, camera.close, True)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR2, camera.close, False)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
