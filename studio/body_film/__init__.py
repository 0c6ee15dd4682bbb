"""Films and pictures of a moving body: a mannequin in a studio, drawn on the CPU."""
