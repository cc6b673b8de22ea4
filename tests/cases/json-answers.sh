#!/usr/bin/env bash
# expected: an approving answer in a fence, with words before and after, a BOM, CRLF, or terminal escapes around it counts; one with a doubled key, NaN, or two objects does not, and costs one more run at most before a person is asked
# source: ai-sdlc-framework/ai-sdlc#515, alansikora/codecanary#152, shipwright#196, openai/codex-plugin-cc#23 (reviewer JSON in fences, after status lines, with escape codes)
. "${BASH_SOURCE%/*}/world"

good='{"verdict": "approved", "summary": "Fine {really}.", "blocking": [], "should_fix": [], "nits": [], "scope_violations": []}'
try() { # NAME CONTENT(printf) expected-exit
  repo $T/$1; printf "$2" > $T/$1/answer; sed -i 's|^reviewer) .*|reviewer) cat answer > "$WAVES_OUTPUT" ;;|' $T/$1/agent.sh; plan $T/$1 </dev/null; publish $T/$1
  LINES_SHOWN=2 run $T/$1 waves run
  n=$(ls -d $T/$1/.waves/first/greeting/runs/reviewer-* | wc -l)
  want "$1: exit $3, got $RC, after $n reviewer runs" '[ $RC = '$3' ] && [ $n -le 2 ]'
}
try plain "$good" 0
try fence "\`\`\`json\n$good\n\`\`\`\n" 0
try words "Here is my review.\n\n$good\n\nLet me know.\n" 0
try bom "\357\273\277$good\n" 0
try escapes "\033[?2004h\033[32m$good\033[0m\033[?2004l\n" 0
try crlf "$(echo "$good" | sed 's/, /,\\r\\n/g')\r\n" 0
try bracewords "I looked at {a, b}.\n$good\n" 10
try doubled "${good%\}}, \"verdict\": \"approved\"}" 10
try twice "$good\n$good\n" 10
try empty "" 10
try notutf8 "{\"verdict\": \"approved\", \"summary\": \"caf\351\", \"blocking\": [], \"should_fix\": [], \"nits\": [], \"scope_violations\": []}" 0
finish
