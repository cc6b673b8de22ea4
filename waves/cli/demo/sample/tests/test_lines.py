import unittest

from tally import lines


class Lines(unittest.TestCase):
    def test_a_last_line_without_newline_counts(self):
        self.assertEqual(lines.count("one\ntwo"), 2)

    def test_the_longest_line_of_nothing_is_empty(self):
        self.assertEqual(lines.longest(""), 0)


if __name__ == "__main__":
    unittest.main()
