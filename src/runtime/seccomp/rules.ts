import type { SeccompFilter, SeccompProfile } from '../spec.ts'

/** What decides which rows of a profile apply. */
export interface SeccompContext {
  /** The bounding set of the process, as names. */
  readonly capabilities: readonly string[]
  /** As in profiles: `amd64`, `arm64`. */
  readonly arch: string
  /** `uname -r` */
  readonly kernelRelease: string
}

export interface ArgumentTest {
  readonly index: number
  /** `SCMP_CMP_EQ` and the like, seccomp_rule_add(3). */
  readonly op: string
  readonly value: number
  readonly valueTwo: number
}

/** One row of the flat list that libseccomp is given: all tests must hold. */
export interface FlatRule {
  readonly name: string
  readonly action: SeccompAction
  readonly args: readonly ArgumentTest[]
}

export interface SeccompAction {
  readonly action: string
  /** For SCMP_ACT_ERRNO and SCMP_ACT_TRACE. */
  readonly errno: number
}

/** The name that profiles use for this machine's architecture. */
export const profileArch = (arch: string): string => ({ x64: 'amd64', arm64: 'arm64' })[arch] ?? arch

const EPERM = 1

/** The rows of a profile that apply, one for each call; a row that repeats the default action is left out. */
export function flatRules(profile: SeccompProfile, context: SeccompContext): readonly FlatRule[] {
  const defaultAction = defaultActionOf(profile)
  const rules: FlatRule[] = []
  for (const { names, action: word, errnoRet, args = [], includes, excludes } of profile.syscalls) {
    if (includes && !included(includes, context)) continue
    if (excludes && excluded(excludes, context)) continue
    const action = { action: word, errno: errnoRet ?? EPERM }
    if (action.action === defaultAction.action && action.errno === defaultAction.errno) continue
    const tests = args.map(({ index, op, value, valueTwo = 0 }) => ({ index, op, value, valueTwo }))
    // Several tests of one argument cannot all be handed to libseccomp in one rule: as in runc, each is a rule then.
    const repeated = new Set(tests.map(test => test.index)).size < tests.length
    for (const name of names) {
      if (repeated) for (const test of tests) rules.push({ name, action, args: [test] })
      else rules.push({ name, action, args: tests })
    }
  }
  return rules
}

export const defaultActionOf = ({ defaultAction, defaultErrnoRet }: SeccompProfile): SeccompAction => ({
  action: defaultAction,
  errno: defaultErrnoRet ?? EPERM,
})

/** The architectures a filter is for beside the machine's own, as `SCMP_ARCH_*`. */
export function architecturesOf(profile: SeccompProfile, arch: string): readonly string[] {
  const own = { amd64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }[arch]
  const row = profile.archMap?.find(({ architecture }) => architecture === own)
  return [...(profile.architectures ?? []), ...(row?.subArchitectures ?? [])].filter(name => name !== own)
}

const included = ({ caps, arches, minKernel }: SeccompFilter, context: SeccompContext): boolean =>
  (caps ?? []).every(name => context.capabilities.includes(name)) &&
  (!arches?.length || arches.includes(context.arch)) &&
  (!minKernel || kernelAtLeast(context.kernelRelease, minKernel))

const excluded = ({ caps, arches, minKernel }: SeccompFilter, context: SeccompContext): boolean =>
  (caps ?? []).some(name => context.capabilities.includes(name)) ||
  (arches ?? []).includes(context.arch) ||
  (minKernel !== undefined && kernelAtLeast(context.kernelRelease, minKernel))

/** Compares `6.18.44-generic` with `4.8`. */
export function kernelAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = numbersOf(release)
  const [wantedMajor = 0, wantedMinor = 0] = numbersOf(wanted)
  return major !== wantedMajor ? major > wantedMajor : minor >= wantedMinor
}
const numbersOf = (version: string) => version.split(/[.-]/, 2).map(Number)
