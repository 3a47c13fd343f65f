"""What the people who build Welkom use: screenshots, and installing Debian packages."""
