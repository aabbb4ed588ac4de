import { type Command, Option } from 'commander'
import { collect, plainOption } from '../command.ts'

/** The flags of `run`, as commander has them. */
export interface RunFlags {
  readonly build?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly detach?: boolean
  readonly entrypoint?: string
  readonly env?: readonly string[]
  readonly envFromFile?: readonly string[]
  readonly interactive: boolean
  readonly label?: readonly string[]
  readonly name?: string
  readonly deps: boolean
  readonly tty?: boolean
  readonly noTty?: boolean
  readonly publish?: readonly string[]
  readonly pull?: string
  readonly quiet?: boolean
  readonly quietBuild?: boolean
  readonly quietPull?: boolean
  readonly removeOrphans?: boolean
  readonly rm?: boolean
  readonly servicePorts?: boolean
  readonly useAliases?: boolean
  readonly user?: string
  readonly volume?: readonly string[]
  readonly volumes?: readonly string[]
  readonly workdir?: string
}

/** Declares them, and what is run in which service. */
export const withRunFlags = (command: Command): Command =>
  command
    .argument('<SERVICE>')
    .argument('[COMMAND...]')
    .passThroughOptions()
    .option('--build', 'Build the image first')
    .option('--cap-add <capability>', 'Add a capability', collect)
    .option('--cap-drop <capability>', 'Take a capability away', collect)
    .option('-d, --detach', 'Do not wait for it; print its id')
    .option('--entrypoint <command>', 'Instead of the service’s entrypoint and command')
    .option('-e, --env <name=value>', 'Set a variable; NAME alone takes its value from here', collect)
    .option('--env-from-file <file>', 'Set the variables of a file', collect)
    .option('-i, --interactive', 'Keep standard input open', true)
    .option('-l, --label <name=value>', 'Add a label', collect)
    .option('--name <name>', 'Name of the container')
    .option('--no-deps', 'Leave dependencies alone')
    .option('-t, --tty', 'With a terminal (the default where there is one)')
    .addOption(plainOption('-T, --no-tty', 'Without a terminal'))
    .option('-p, --publish <port>', 'Publish a port', collect)
    .option('--pull <policy>', 'When to fetch the image: always, missing, never')
    .option('-q, --quiet', 'No progress')
    .option('--quiet-pull', 'No progress of pulls')
    .option('--quiet-build', 'No progress of builds')
    .option('--remove-orphans', 'Remove containers of services that are not in the file')
    .option('--rm', 'Remove the container afterwards')
    .option('-P, --service-ports', 'Publish the service’s ports')
    .option('--use-aliases', 'Take the service’s names on its networks')
    .option('-u, --user <user>', 'As this user')
    .option('-v, --volume <volume>', 'Mount this, too', collect)
    .addOption(new Option('--volumes <volume>').argParser(collect).hideHelp())
    .option('-w, --workdir <dir>', 'In this directory')
