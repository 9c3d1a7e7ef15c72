"""The table of the times that training the CIFAR-10 table's network takes, on this machine and as
it was published."""
