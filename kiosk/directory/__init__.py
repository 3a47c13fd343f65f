"""What the kiosk knows of cards, and what a code shown to it therefore comes to."""
