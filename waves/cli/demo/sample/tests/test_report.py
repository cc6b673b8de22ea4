import unittest

from tally import report


class Report(unittest.TestCase):
    def test_every_report_counts_words_and_lines(self):
        found = dict(report.rows("one two\nthree\n"))
        self.assertEqual((found["words"], found["lines"]), (3, 2))

    def test_values_stand_below_each_other(self):
        self.assertEqual(report.layout("a", [("words", 1), ("longest line", 2)]), "a\n  words         1\n  longest line  2")


if __name__ == "__main__":
    unittest.main()
