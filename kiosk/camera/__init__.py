"""Where frames come from. Every source speaks :class:`~kiosk.camera.source.FrameSource`."""
