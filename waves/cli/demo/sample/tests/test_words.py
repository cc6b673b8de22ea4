import unittest

from tally import words


class Splitting(unittest.TestCase):
    def test_punctuation_and_case_do_not_matter(self):
        self.assertEqual(words.split("Well, well. WELL!"), ["well", "well", "well"])

    def test_digits_are_words(self):
        self.assertEqual(words.split("in 1984"), ["in", "1984"])


class Counting(unittest.TestCase):
    def test_no_words(self):
        self.assertEqual(words.count("... !"), 0)

    def test_a_repeated_word_is_one_unique_word(self):
        self.assertEqual(words.unique("to be or not to be"), 4)


class AverageLength(unittest.TestCase):
    def test_is_the_mean(self):
        self.assertEqual(words.average_length("a bbb"), 2)


if __name__ == "__main__":
    unittest.main()
