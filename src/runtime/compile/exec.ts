import { CLONE } from '../../sys/constants.ts'
import type { Program } from '../program.ts'
import { descriptor, ProgramBuilder } from '../program.ts'
import { closeDescriptors } from '../program-streams.ts'
import type { ProcessSpec } from '../spec.ts'
import { confine } from './confine.ts'
import type { ProcessFacts } from './facts.ts'
import { startInCgroup } from './namespaces.ts'
import { becomeProcess, joinKeyring, openStreams, scoreForOom } from './process.ts'
import { openUserNamespace } from './user.ts'

/** The descriptors an exec inherits: a pidfd of the container's first process, and its cgroup where that is cloned into. */
const execDescriptors = { pidfd: descriptor.inherited, cgroup: descriptor.inherited + 1 } as const

const allNamespaces = CLONE.NEWNS | CLONE.NEWPID | CLONE.NEWNET | CLONE.NEWIPC | CLONE.NEWUTS | CLONE.NEWCGROUP

/** A further process in a running container: it joins what the first one is in, and gives up rights in the same way. */
export function compileExec(containerId: string, process: ProcessSpec, facts: ProcessFacts): Program {
  const program = new ProgramBuilder()
  startInCgroup(program, 0, facts.join, execDescriptors.cgroup)
  scoreForOom(program, facts)
  confine(program, facts)
  openUserNamespace(program, facts)
  // By a pidfd: whatever number is reused meanwhile, it means the process that was looked up. The mount namespace brings
  // its root directory along; of the pid namespace only children are.
  program.call('setns', [execDescriptors.pidfd, allNamespaces], { words: 'join the namespaces of the container' })
  openStreams(program, process, facts)
  joinKeyring(program, containerId)
  closeDescriptors(program, facts.user && descriptor.user)
  // The container sees a process only when it has given up its rights: with CAP_SYS_PTRACE it could make them its own.
  return becomeProcess(program, process, facts, { flags: CLONE.PARENT, parent: 'exit' })
}
