/**
 * Which of `commands` the words of a command line mean, without knowing its flags: a guess, which a flag with a command's
 * name as its value misleads. Only what is faster or slower may depend on it.
 */
export function commandIn(argv: readonly string[], commands: readonly string[]): string {
  if (argv.includes('--help') || argv.includes('-h')) return 'help'
  const found = argv.flatMap((word, at) => [word, `${word} ${argv[at + 1]}`]).find(name => commands.includes(name))
  return found ?? 'none'
}
