import type { Command } from 'commander'
import { collect, plainOption } from '../command.ts'
import { integer } from '../numbers.ts'

/** What `container create` and `container run` are told about the container: docker's flags, as commander has them. */
export interface CreateFlags {
  readonly addHost?: string[]
  readonly annotation?: string[]
  readonly attach?: string[]
  readonly blkioWeight?: number
  readonly blkioWeightDevice?: string[]
  readonly capAdd?: string[]
  readonly capDrop?: string[]
  readonly cgroupParent?: string
  readonly cgroupns?: string
  readonly cidfile?: string
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly cpuRtPeriod?: number
  readonly cpuRtRuntime?: number
  readonly cpuShares?: number
  readonly cpus?: string
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly device?: string[]
  readonly deviceCgroupRule?: string[]
  readonly deviceReadBps?: string[]
  readonly deviceReadIops?: string[]
  readonly deviceWriteBps?: string[]
  readonly deviceWriteIops?: string[]
  readonly dns?: string[]
  readonly dnsOption?: string[]
  readonly dnsSearch?: string[]
  readonly domainname?: string
  readonly entrypoint?: string
  readonly env?: string[]
  readonly envFile?: string[]
  readonly expose?: string[]
  readonly groupAdd?: string[]
  readonly gpus?: string
  readonly healthCmd?: string
  readonly healthInterval?: string
  readonly healthRetries?: number
  readonly healthStartInterval?: string
  readonly healthStartPeriod?: string
  readonly healthTimeout?: string
  readonly hostname?: string
  readonly init?: boolean
  readonly interactive?: boolean
  readonly ip?: string
  readonly ip6?: string
  readonly ipc?: string
  readonly isolation?: string
  readonly kernelMemory?: string
  readonly label?: string[]
  readonly labelFile?: string[]
  readonly link?: string[]
  readonly linkLocalIp?: string[]
  readonly logDriver?: string
  readonly logOpt?: string[]
  readonly macAddress?: string
  readonly memory?: string
  readonly memoryReservation?: string
  readonly memorySwap?: string
  readonly memorySwappiness?: number
  readonly mount?: string[]
  readonly name?: string
  readonly network?: string[]
  readonly networkAlias?: string[]
  readonly noHealthcheck?: boolean
  readonly oomKillDisable?: boolean
  readonly oomScoreAdj?: number
  readonly pid?: string
  readonly pidsLimit?: number
  readonly platform?: string
  readonly privileged?: boolean
  readonly publish?: string[]
  readonly publishAll?: boolean
  readonly pull: string
  readonly quiet?: boolean
  readonly readOnly?: boolean
  readonly restart?: string
  readonly rm?: boolean
  readonly runtime?: string
  readonly securityOpt?: string[]
  readonly shmSize?: string
  readonly stopSignal?: string
  readonly stopTimeout?: number
  readonly storageOpt?: string[]
  readonly sysctl?: string[]
  readonly tmpfs?: string[]
  readonly tty?: boolean
  readonly ulimit?: string[]
  readonly user?: string
  readonly userns?: string
  readonly uts?: string
  readonly volume?: string[]
  readonly volumeDriver?: string
  readonly volumesFrom?: string[]
  readonly workdir?: string
}

/** `list`: may be given several times; `count`: a whole number; `switch`: takes no value; `text`: takes any. */
type Kind = 'list' | 'count' | 'switch' | 'text'

const rows: readonly (readonly [kind: Kind, flags: string, description: string])[] = [
  ['list', '--add-host <host:ip>', 'A further line of /etc/hosts; host-gateway stands for this machine'],
  ['list', '--annotation <name=value>', 'An OCI annotation'],
  ['list', '-a, --attach <stream>', 'Attach to stdin, stdout or stderr'],
  ['count', '--blkio-weight <n>', 'Share of block I/O, 10 to 1000'],
  ['list', '--blkio-weight-device <path:n>', 'Share of the block I/O of a device'],
  ['list', '--cap-add <capability>', 'Add a capability'],
  ['list', '--cap-drop <capability>', 'Take a capability away'],
  ['text', '--cgroup-parent <cgroup>', 'The cgroup to be in'],
  ['text', '--cgroupns <mode>', 'Cgroup namespace: host or private'],
  ['text', '--cidfile <file>', 'Write the id of the container into this file'],
  ['count', '--cpu-period <µs>', 'Period of the CFS scheduler'],
  ['count', '--cpu-quota <µs>', 'Processor time in each period'],
  ['count', '--cpu-rt-period <µs>', 'Period of the real-time scheduler'],
  ['count', '--cpu-rt-runtime <µs>', 'Real-time processor time in each period'],
  ['count', '-c, --cpu-shares <n>', 'Share of the processors'],
  ['text', '--cpus <n>', 'How many processors, as a decimal number'],
  ['text', '--cpuset-cpus <list>', 'Which processors (0-3, 0,1)'],
  ['text', '--cpuset-mems <list>', 'Which memory nodes'],
  ['list', '--device <host[:container[:rwm]]>', 'A device of this machine, or vendor.com/class=name'],
  ['list', '--device-cgroup-rule <rule>', 'Allow devices by type and number'],
  ['list', '--device-read-bps <path:rate>', 'Limit reading from a device, in bytes a second'],
  ['list', '--device-read-iops <path:rate>', 'Limit reading from a device, in operations a second'],
  ['list', '--device-write-bps <path:rate>', 'Limit writing to a device, in bytes a second'],
  ['list', '--device-write-iops <path:rate>', 'Limit writing to a device, in operations a second'],
  ['list', '--dns <address>', 'A name server'],
  ['list', '--dns-opt, --dns-option <option>', 'An option of resolv.conf(5)'],
  ['list', '--dns-search <domain>', 'A domain to search names in'],
  ['text', '--domainname <name>', 'NIS domain name'],
  ['text', '--entrypoint <program>', 'Instead of the image’s entrypoint'],
  ['list', '-e, --env <name=value>', 'Set a variable; NAME alone takes its value from here'],
  ['list', '--env-file <file>', 'Set the variables of a file'],
  ['list', '--expose <port>', 'A port that the program serves'],
  ['text', '--gpus <devices>', 'Graphics processors: all, a number, or device=ID; docs/devices.md'],
  ['list', '--group-add <group>', 'A further group of the user'],
  ['text', '--health-cmd <command>', 'How to tell whether the program is well'],
  ['text', '--health-interval <duration>', 'Time between probes'],
  ['count', '--health-retries <n>', 'So many failures in a row make it unhealthy'],
  ['text', '--health-start-interval <duration>', 'Time between probes while it starts'],
  ['text', '--health-start-period <duration>', 'How long failures do not count'],
  ['text', '--health-timeout <duration>', 'How long a probe may take'],
  ['text', '-h, --hostname <name>', 'Host name'],
  ['switch', '--init', 'Run an init that forwards signals and reaps (the default here)'],
  ['switch', '-i, --interactive', 'Keep standard input open'],
  ['text', '--ip <address>', 'IPv4 address'],
  ['text', '--ip6 <address>', 'IPv6 address'],
  ['text', '--ipc <mode>', 'IPC namespace: private, shareable, host, none, container:NAME'],
  ['text', '--isolation <technology>', 'There is only one: default'],
  ['text', '--kernel-memory <bytes>', 'Not supported: kernels have taken it away'],
  ['list', '-l, --label <name=value>', 'Add a label'],
  ['list', '--label-file <file>', 'Add the labels of a file'],
  ['list', '--link <container[:alias]>', 'Know another container by a further name'],
  ['list', '--link-local-ip <address>', 'Link-local address'],
  ['text', '--log-driver <driver>', 'json-file, local or none'],
  ['list', '--log-opt <name=value>', 'Option of the log: max-size, max-file, labels, env'],
  ['text', '--mac-address <address>', 'MAC address'],
  ['text', '-m, --memory <bytes>', 'Limit of memory'],
  ['text', '--memory-reservation <bytes>', 'Soft limit of memory'],
  ['text', '--memory-swap <bytes>', 'Limit of memory and swap together; -1: none'],
  ['count', '--memory-swappiness <n>', 'How readily memory is swapped out, 0 to 100'],
  ['list', '--mount <fields>', 'A mount: type=,source=,target=,…'],
  ['text', '--name <name>', 'Name of the container'],
  ['list', '--net, --network <network>', 'Connect to a network'],
  ['list', '--net-alias, --network-alias <name>', 'A further name on the network'],
  ['switch', '--oom-kill-disable', 'Do not kill it when memory runs out'],
  ['count', '--oom-score-adj <n>', 'How likely it is to be killed when memory runs out, -1000 to 1000'],
  ['text', '--pid <mode>', 'PID namespace: host, container:NAME'],
  ['count', '--pids-limit <n>', 'Limit of processes; -1: none'],
  ['text', '--platform <platform>', 'os/architecture of the image'],
  ['switch', '--privileged', 'With all capabilities and devices'],
  ['list', '-p, --publish <port>', 'Publish a port: [[IP:]HOST:]CONTAINER[/PROTOCOL]'],
  ['switch', '-P, --publish-all', 'Publish all exposed ports, wherever there is room'],
  ['switch', '-q, --quiet', 'No progress of the pull'],
  ['switch', '--read-only', 'With a root that cannot be written to'],
  ['text', '--restart <policy>', 'no, always, unless-stopped, on-failure[:MAX]'],
  ['switch', '--rm', 'Remove the container when it has ended'],
  ['text', '--runtime <name>', 'Runtime'],
  ['list', '--security-opt <option>', 'seccomp=FILE, no-new-privileges, …'],
  ['text', '--shm-size <bytes>', 'Size of /dev/shm'],
  ['text', '--stop-signal <signal>', 'What asks it to end'],
  ['count', '--stop-timeout <seconds>', 'How long it may take to end'],
  ['list', '--storage-opt <name=value>', 'Option of the storage driver'],
  ['list', '--sysctl <name=value>', 'Set a parameter of the kernel'],
  ['list', '--tmpfs <path[:options]>', 'A directory in memory'],
  ['switch', '-t, --tty', 'With a terminal'],
  ['list', '--ulimit <name=soft[:hard]>', 'A limit of getrlimit(2)'],
  ['text', '-u, --user <user[:group]>', 'As this user'],
  ['text', '--userns <mode>', 'User namespace: host'],
  ['text', '--uts <mode>', 'UTS namespace: host'],
  ['list', '-v, --volume <volume>', 'Mount a directory or a volume: [SOURCE:]TARGET[:OPTIONS]'],
  ['text', '--volume-driver <driver>', 'Driver of the volumes'],
  ['list', '--volumes-from <container>', 'The mounts of another container'],
  ['text', '-w, --workdir <dir>', 'In this directory'],
]

/** Declares the flags. `-h` is the host name's, as with docker. */
export function declareCreateFlags(command: Command): Command {
  command.helpOption('--help', 'Show this help').passThroughOptions()
  for (const [kind, flags, description] of rows) {
    if (kind === 'list') command.option(flags, description, collect)
    else if (kind === 'count') command.option(flags, description, integer(flags.replace(/ <.*/, '')))
    else command.option(flags, description)
  }
  return command
    .addOption(plainOption('--no-healthcheck', 'Without the image’s health check'))
    .option('--pull <policy>', 'When to fetch the image: always, missing, never', 'missing')
    .addOption(plainOption('--disable-content-trust', 'Accepted for old scripts').hideHelp())
}
