/** Each asks the program itself what may stand at the cursor, so it knows the services of the project at hand. */
export const completionScripts = {
  bash: `# bash completion for tscompose
_tscompose() {
  local line cur=\${COMP_WORDS[COMP_CWORD]} files= colon
  # ':' and '=' divide words for bash, not for the program: the words are taken from the line.
  local -a words
  read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else COMPREPLY+=("\${line%%$'\\t'*}"); fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2> /dev/null)
  # Readline replaces what stands behind the last colon only.
  colon=\${words[-1]}
  [[ $colon == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${colon%"\${colon##*:}"}"}")
  [[ -n $files ]] && compopt -o default
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -F _tscompose tscompose
`,
  zsh: `#compdef tscompose
# zsh completion for tscompose
_tscompose() {
  local line files
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1
    else candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)
  (( \${#candidates} )) && _describe -t tscompose tscompose candidates
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _tscompose ]]; then _tscompose "$@"; else compdef _tscompose tscompose; fi
`,
  fish: `# fish completion for tscompose
function __tscompose_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete -- $words[2..-1] 2> /dev/null)
    if test $line = :files
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c tscompose -f -a '(__tscompose_complete)'
`,
} as const
