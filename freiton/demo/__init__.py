"""A real switch with simulated phones and carriers, played and checked to the cent."""
