import { type Command, Option } from 'commander'
import { collect, plainOption } from '../command.ts'
import { integer } from '../numbers.ts'

/** What `image build` is told: docker's flags, as commander has them. */
export interface ImageBuildFlags {
  readonly addHost?: string[]
  readonly allow?: string[]
  readonly annotation?: string[]
  readonly attest?: string[]
  readonly buildArg?: string[]
  readonly buildContext?: string[]
  readonly cacheFrom?: string[]
  readonly cacheTo?: string[]
  readonly call?: string
  readonly cgroupParent?: string
  readonly check?: boolean
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly cpuShares?: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly file?: string
  readonly iidfile?: string
  readonly isolation?: string
  readonly label?: string[]
  readonly memory?: string
  readonly memorySwap?: string
  readonly metadataFile?: string
  readonly network?: string
  /** false with --no-cache */
  readonly cache: boolean
  readonly noCacheFilter?: string[]
  readonly output?: string[]
  readonly platform?: string[]
  readonly progress?: string
  readonly provenance?: string
  readonly pull?: boolean
  readonly push?: boolean
  readonly quiet?: boolean
  readonly sbom?: string
  readonly secret?: string[]
  readonly securityOpt?: string[]
  readonly shmSize?: string
  readonly squash?: boolean
  readonly ssh?: string[]
  readonly tag?: string[]
  readonly target?: string
  readonly ulimit?: string[]
}

type Kind = 'text' | 'list' | 'switch' | 'count'

const rows: readonly (readonly [kind: Kind, flags: string, description: string])[] = [
  ['list', '--add-host <name:address>', 'A further line of /etc/hosts while building'],
  ['list', '--allow <entitlement>', 'network.host, security.insecure'],
  ['list', '--annotation <[type:]key=value>', 'Annotate the manifest; index:, manifest[PLATFORM]: and the like'],
  ['list', '--build-arg <name=value>', 'A build argument; NAME alone takes its value from here'],
  ['list', '--build-context <name=source>', 'A further context: a directory, URL, docker-image://, oci-layout://'],
  ['list', '--cache-from <source>', 'Take steps from a cache elsewhere: an image, type=registry,ref=, type=local,src='],
  ['list', '--cache-to <target>', 'Leave steps for others: type=inline, type=registry,ref=, type=local,dest='],
  ['text', '--call <method>', 'build, or check'],
  ['switch', '--check', 'Only check the Dockerfile'],
  ['count', '--cpu-period <µs>', 'Period of --cpu-quota'],
  ['count', '--cpu-quota <µs>', 'Processor time of a step in a period'],
  ['count', '-c, --cpu-shares <n>', 'Relative weight of processor time'],
  ['text', '--cpuset-cpus <list>', 'Which processors (0-3, 0,1)'],
  ['text', '--cpuset-mems <list>', 'Which memory nodes'],
  ['text', '-f, --file <file>', 'The Dockerfile (default: PATH/Dockerfile); - for standard input'],
  ['text', '--iidfile <file>', 'Write the id of the image to a file'],
  ['text', '--isolation <kind>', 'Only default'],
  ['list', '--label <name=value>', 'Add a label'],
  ['text', '-m, --memory <bytes>', 'Limit of memory of each step'],
  ['text', '--memory-swap <bytes>', 'Limit of memory and swap together; -1: none'],
  ['text', '--metadata-file <file>', 'Write what was made to a file, as JSON'],
  ['text', '--network <network>', 'Network of RUN: default, none, host, or a network'],
  ['list', '-o, --output <dest>', 'DIR, -, or type=local|tar|oci|docker|image|registry,dest='],
  ['list', '--platform <platform>', 'For which platforms: linux/arm64, or several with commas'],
  ['text', '--progress <form>', 'auto, tty, plain, quiet, rawjson'],
  ['text', '--provenance <attest>', 'Only false'],
  ['switch', '--pull', 'Ask the registries for newer base images'],
  ['switch', '--push', 'Push the image'],
  ['switch', '-q, --quiet', 'Only the id of the image'],
  ['text', '--sbom <attest>', 'Only false'],
  ['list', '--secret <fields>', 'For RUN --mount=type=secret: id=ID[,src=FILE][,env=NAME]'],
  ['text', '--shm-size <bytes>', 'Size of /dev/shm'],
  ['list', '--ssh <id[=path]>', 'For RUN --mount=type=ssh: default, or ID=SOCKET|KEY[,KEY]'],
  ['list', '-t, --tag <name>', 'A name of the image, as name:tag'],
  ['text', '--target <stage>', 'Build up to this stage'],
  ['list', '--ulimit <name=soft[:hard]>', 'A limit of getrlimit(2)'],
]

/** What docker takes and what changes nothing here. */
const accepted = ['--builder <name>', '--compress', '--disable-content-trust', '--force-rm', '--load', '--rm']

/** What docker takes and is refused with a reason; see request.ts. */
const refused = ['--attest <fields>', '--cgroup-parent <cgroup>', '--security-opt <option>']

export function declareBuildFlags(command: Command): Command {
  for (const [kind, flags, description] of rows) {
    if (kind === 'list') command.option(flags, description, collect)
    else if (kind === 'count') command.option(flags, description, integer(flags.replace(/ <.*/, '')))
    else command.option(flags, description)
  }
  for (const flags of accepted) command.addOption(new Option(flags).hideHelp())
  for (const flags of refused) command.addOption(new Option(flags).argParser(collect).hideHelp())
  return command
    .option('--no-cache', 'Carry out every step')
    .addOption(plainOption('--no-cache-filter <stage>', 'Carry out every step of a stage').argParser(collect))
    .addOption(plainOption('--squash', '').hideHelp())
}
