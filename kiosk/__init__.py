"""The kiosk: reads cards with its camera, shows the customer what they have, and tells the edge."""
