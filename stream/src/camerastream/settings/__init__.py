"""One definition of every setting, and the ways it is read, checked and explained."""
