"""Images as functions of their parameters, and how autograd is checked against finite differences."""
