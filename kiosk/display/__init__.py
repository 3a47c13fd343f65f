"""What a person sees of a scan: screens decided purely, and the page that shows them."""
