"""THE LAB: a simulated Azure Local site behind the two real wires."""
