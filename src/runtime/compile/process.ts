import { AT } from '../../sys/constants.ts'
import { defaultPath } from '../defaults.ts'
import { hostId } from '../id-map.ts'
import type { ParentRole, Program, ProgramBuilder, Result } from '../program.ts'
import { newSession, openTerminal, standardStreams } from '../program-streams.ts'
import type { ProcessSpec } from '../spec.ts'
import type { ProcessFacts } from './facts.ts'
import { takeIdentity } from './identity.ts'
import { close, openWithinRoot, writeFile } from './steps.ts'
import { joinUserNamespace } from './user.ts'

/** The parts that a container's own process and one that joins it have in common, in the order they are used. */

/** While /proc is the host's, which can be trusted. */
export function scoreForOom(program: ProgramBuilder, { oomScoreAdj }: ProcessFacts): void {
  if (oomScoreAdj === undefined) return
  writeFile(program, '/proc/self/oom_score_adj', String(oomScoreAdj), `set oom_score_adj to ${oomScoreAdj}`)
}

const KEYCTL_JOIN_SESSION_KEYRING = 1

/** A session keyring of the container's own: it must not see keys of the host's (keyctl_join_session_keyring(3)). */
export function joinKeyring(program: ProgramBuilder, containerId: string): void {
  program.call('keyctl', [KEYCTL_JOIN_SESSION_KEYRING, `tscompose-${containerId}`, 0, 0, 0], {
    words: 'join the session keyring',
    // No keyrings in this kernel, or forbidden where we are a container ourselves, or too many of them.
    tolerate: ['ENOSYS', 'EPERM', 'EACCES', 'EDQUOT'],
  })
}

/** Standard input, output and error. @returns the terminal's descriptor, if there is one */
export function openStreams(
  program: ProgramBuilder,
  { terminal, stdin, consoleSize, user }: ProcessSpec,
  facts: ProcessFacts,
): Result | undefined {
  const uid = facts.user ? (hostId(facts.user.uidMappings, user.uid) ?? 0) : user.uid
  if (terminal) return openTerminal(program, { height: 0, width: 0, ...consoleSize, uid })
  standardStreams(program, { stdin })
  // So that the user can open /dev/stdout, which opens the pipe anew.
  if (uid !== 0)
    for (const fd of stdin ? [0, 1, 2] : [1, 2])
      program.call('fchownat', [fd, '', uid, -1, AT.EMPTY_PATH], { words: 'set the owner of the streams' })
  return undefined
}

/**
 * All from the working directory on, when all descriptors are closed. With `clone` the process is a child of the one that
 * gave up its rights.
 */
export function becomeProcess(
  program: ProgramBuilder,
  process: ProcessSpec,
  facts: ProcessFacts,
  clone?: { readonly flags: number; readonly parent: ParentRole },
): Program {
  const cwd = process.cwd || '/'
  const words = `change to the working directory ${cwd}`
  const directory = openWithinRoot(program, cwd, words)
  program.call('fchdir', [directory], { words })
  close(program, directory)
  for (const { type, resource, soft, hard } of facts.rlimits) {
    const limits = new Uint8Array(BigUint64Array.from([soft, hard]).buffer)
    program.call('prlimit64', [0, resource, limits, null], { words: `set ${type} to ${soft}:${hard}` })
  }
  joinUserNamespace(program, facts)
  takeIdentity(program, process, facts)
  if (clone) program.clone(clone.flags, clone.parent)
  newSession(program, { terminal: process.terminal })
  return program.exec(commandCandidates(process), process.args, process.env)
}

/** The paths that execvp(3) would try. */
export function commandCandidates({ args, env }: Pick<ProcessSpec, 'args' | 'env'>): readonly string[] {
  const [command = ''] = args
  if (command === '' || command.includes('/')) return [command]
  const path = env.findLast(variable => variable.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath
  return path.split(':').map(directory => `${directory || '.'}/${command}`)
}
