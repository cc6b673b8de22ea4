#!/usr/bin/env bash
# expected: with commit.gpgsign (ssh) and log.showSignature=true in the person's git the loop works, and what is merged has a proper author and title
# source: NeogitOrg/neogit#422, MestreLion/git-tools#80, desktop/desktop#5477, VirtusLab/git-machete#1285 (log.showSignature breaks parsing); anthropics/claude-code#83257 (ssh signing)
. "${BASH_SOURCE%/*}/world"

command -v ssh-keygen >/dev/null || { echo "SKIP: no ssh-keygen"; exit 0; }
ssh-keygen -q -t ed25519 -N '' -f $HOME/key; echo "ana@example.org $(cat $HOME/key.pub)" > $HOME/signers
for kv in gpg.format=ssh user.signingkey=$HOME/key.pub commit.gpgsign=true log.showSignature=true gpg.ssh.allowedSignersFile=$HOME/signers; do git config --global "${kv%%=*}" "${kv#*=}"; done
for method in squash rebase merge; do
  repo $T/$method; plan $T/$method <<P
policy: {merge_method: $method}
P
  publish $T/$method
  run $T/$method waves run
  want "$method: exit 0" '[ $RC = 0 ]'
  want "$method: merged" 'merged_has $T/$method greeting.txt'
  git -C $T/$method-origin.git -c log.showSignature=false log -2 --format='  %h %G? %an <%ae> | %s' main
  want "$method: author is Ana and the subject is no signature text" '[ "$(git -C $T/$method-origin.git -c log.showSignature=false log -2 --format="%an %ae %s" main | grep -ciE "good|signature")" = 0 ] && [ "$(git -C $T/$method-origin.git -c log.showSignature=false log -1 --format=%an main)" = Ana ]'
  run $T/$method waves audit
  want "$method: audit 0" '[ $RC = 0 ]'
done
finish
