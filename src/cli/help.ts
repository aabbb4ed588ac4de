import type { Command } from 'commander'

/** What belongs together, under what one wants to do. What is in no section comes last. */
const sections: Readonly<Record<string, readonly string[]>> = {
  'Start and stop:': [
    'up',
    'down',
    'start',
    'stop',
    'restart',
    'run',
    'create',
    'rm',
    'kill',
    'pause',
    'unpause',
    'scale',
  ],
  'Look at what runs:': ['ps', 'logs', 'exec', 'attach', 'top', 'stats', 'port', 'ports', 'events', 'wait', 'ls'],
  'Files and images:': [
    'config',
    'publish',
    'graph',
    'build',
    'watch',
    'pull',
    'push',
    'images',
    'volumes',
    'cp',
    'export',
    'commit',
  ],
  'Without a Compose file:': ['container', 'image', 'network', 'volume', 'system', 'builder'],
}

/** Sorts the commands of the program into sections. */
export function addSections(program: Command): void {
  for (const command of program.commands) command.helpGroup('Others:')
  for (const [heading, names] of Object.entries(sections))
    for (const name of names) program.commands.find(command => command.name() === name)?.helpGroup(heading)
  // In the order of the sections; sorting is stable.
  const headings = Object.keys(sections)
  const rank = (command: Command) => {
    const at = headings.indexOf(command.helpGroup())
    return at < 0 ? headings.length : at
  }
  ;(program.commands as Command[]).sort((a, b) => rank(a) - rank(b))
}

type Example = readonly [words: string, meaning: string]

/** What people type most, by the words of the command; `` is the program itself. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  '': [
    ['up', 'start everything in compose.yaml, and show what it writes until Ctrl-C'],
    ['up -d --wait', 'start everything, and return when it is healthy'],
    ['logs -f web', 'follow what one service writes'],
    ['exec web sh', 'a shell in it'],
    ['down', 'stop and remove everything but the volumes'],
  ],
  up: [
    ['up -d', 'start in the background'],
    ['up --wait db', 'start one service with what it depends on, until it is healthy'],
    ['up --watch', 'and carry changes of files into the containers'],
    ['up -d --timings', 'and tell what the start was waiting for'],
    ['--isolated up -d', 'the same file again in another directory, its ports on an address of their own'],
    ['up --exit-code-from tests', 'run a test service, and end with its exit code'],
  ],
  down: [
    ['down', 'stop and remove containers and networks'],
    ['down -v', 'volumes, too: what is in them is lost'],
  ],
  logs: [
    ['logs -f', 'follow all services'],
    ['logs --tail 20 --since 5m web', 'the last lines of one'],
  ],
  exec: [
    ['exec web sh', 'a shell'],
    ['exec -T db pg_dump app > app.sql', 'without a terminal, into a file'],
  ],
  run: [
    ['run --rm web npm test', 'a command in a container of its own, which is removed afterwards'],
    ['run --rm -p 9229:9229 web node --inspect=0.0.0.0 app.js', 'with a port of its own'],
  ],
  ps: [
    ['ps', 'what runs'],
    ['ps -a --format json', 'everything, a JSON object for each'],
  ],
  ports: [
    ['ports', 'where everything is reached'],
    ['ports --env db > .env.test', 'as variables: DB_HOST, DB_PORT, DB_PORT_5432'],
  ],
  'network create': [
    ['network create lan', 'one that containers of several projects can be put on'],
    ['network create --internal vault', 'without a way in or out'],
    ['network create --subnet 10.20.0.0/24 fixed', 'with addresses of your choice'],
    ['network create -d macvlan -o parent=eth0 --subnet 192.168.1.0/24 home', 'beside the machine on its network'],
  ],
  'network connect': [
    ['network connect lan shop-web-1', 'put a container that runs on a further network'],
    ['network connect --alias api lan shop-web-1', 'under a further name'],
  ],
  cp: [
    ['cp web:/var/log/app.log .', 'a file out of a service'],
    ['cp ./site/. web:/srv', 'what is in a directory into all its containers'],
    ['cp web:/etc - > etc.tar', 'as a tar stream'],
  ],
  commit: [
    ['commit web shop/web:debugged', 'an image of the first container of a service'],
    ['commit --index 2 web', 'of the second, without a name'],
  ],
  'container cp': [
    ['container cp shop-web-1:/etc/hosts .', 'a file out of a container'],
    ['container cp - shop-web-1:/srv < site.tar', 'what is in an archive into it'],
  ],
  'container commit': [
    ['container commit shop-web-1 kept:1', 'an image of it, with all that it has changed'],
    [`container commit -c 'CMD ["sh"]' -m 'to look around' shop-web-1 kept:2`, 'which runs something else'],
  ],
  'container ls': [
    ['container ls -a', 'those that have ended, too'],
    [`container ls --format '{{.Names}} {{.Label "com.example.tier"}}'`, 'what one wants to know of each'],
  ],
  publish: [
    ['publish registry.example.com/team/app:1', 'for tscompose -f oci://registry.example.com/team/app:1 up'],
    ['publish --with-env -y registry.example.com/team/app:1', 'with env files, without a question'],
  ],
  config: [
    ['config', 'the file as it is understood'],
    ['config -q', 'only check it'],
    ['config --why services.web.environment.DEBUG', 'where a value comes from'],
  ],
  graph: [
    ['graph', 'as a tree'],
    ['graph --format svg -o graph.svg', 'as a drawing'],
  ],
  watch: [['watch', 'start what is not running, and carry changes into it']],
  scale: [['scale web=3 worker=2', 'so many containers of each']],
  completion: [
    ['completion bash > /etc/bash_completion.d/tscompose', 'bash'],
    ['completion zsh > "${fpath[1]}/_tscompose"', 'zsh'],
    ['completion fish > ~/.config/fish/completions/tscompose.fish', 'fish'],
  ],
}

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}`.trim() : ''

export function examplesText(command: Command): string {
  const list = examples[pathOf(command)] ?? []
  if (list.length === 0) return ''
  const width = Math.max(...list.map(([words]) => words.length))
  const lines = list.map(([words, meaning]) =>
    width > 40 ? `  # ${meaning}\n  tscompose ${words}\n` : `  tscompose ${words.padEnd(width)}  ${meaning}\n`,
  )
  return `\nExamples:\n${lines.join('')}`
}

export const addExamples = (command: Command): void =>
  void command.addHelpText('after', () => examplesText(command).replace(/\n$/, ''))
