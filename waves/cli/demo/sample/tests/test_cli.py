import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from tally import cli


def run(*arguments):
    """(exit code, standard output, standard error) of the command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(arguments)
    return code, out.getvalue(), err.getvalue()


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "notes.txt")
        self.file.write_text("to be or not to be\n", encoding="utf-8")

    def test_a_report_is_printed_for_each_text(self):
        code, out, _ = run(str(self.file), str(self.file))
        self.assertEqual((code, out.count("notes.txt")), (0, 2))

    def test_unique_words_are_counted_on_request(self):
        self.assertIn("unique words", run("--unique", str(self.file))[1])

    def test_quiet_prints_nothing(self):
        self.assertEqual(run("--quiet", str(self.file)), (0, "", ""))

    def test_a_text_that_cannot_be_read_is_named_and_fails(self):
        code, _, err = run(str(self.file.with_name("absent.txt")))
        self.assertEqual(code, 1)
        self.assertIn("absent.txt", err)


if __name__ == "__main__":
    unittest.main()
