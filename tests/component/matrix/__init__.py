"""The whole matrix: six types × two ways of telling × six ways in which it can go on."""
