"""Pure numbers: balance, dealing, agreement, intervals. Arrays in, arrays and numbers out."""
