import type { Program } from '../program.ts'
import { descriptor, ProgramBuilder } from '../program.ts'
import { closeDescriptors } from '../program-streams.ts'
import type { ContainerSpec } from '../spec.ts'
import { confine } from './confine.ts'
import type { ContainerFacts } from './facts.ts'
import { attach, cloneSource, inMountOrder, isBeneathSystem, mountTrees } from './mounts.ts'
import { cloneSharedMemory, enterNamespaces, enterPidNamespace } from './namespaces.ts'
import { becomeProcess, joinKeyring, openStreams, scoreForOom } from './process.ts'
import { enterRoot, makePrivate, mountOverlay } from './root.ts'
import { makeWithinRoot } from './steps.ts'
import {
  cloneCgroupView,
  makePathReadonly,
  makeReadonly,
  maskPath,
  mountCgroup,
  mountConsole,
  mountDev,
  mountProc,
  mountSys,
  openMask,
  writeSysctls,
} from './system.ts'
import { makeAsContainerRoot, openUserNamespace } from './user.ts'

/**
 * What has to happen between clone and exec for a process to be in the container that `spec` describes: every decision
 * about a container's isolation is in this function and what it calls. It reads top to bottom as the kernel does it.
 */
export function compileContainer(spec: ContainerSpec, facts: ContainerFacts): Program {
  const program = new ProgramBuilder()
  const { root, process, namespaces, privileged } = spec
  const pidNamespace = enterNamespaces(program, namespaces, facts.join)

  // In the host's view: whatever is needed of its files is opened now.
  scoreForOom(program, facts)
  confine(program, facts)
  openUserNamespace(program, facts)
  makeAsContainerRoot(program, facts.user)
  const sources = inMountOrder(facts.mounts).map(placed => cloneSource(program, placed, facts.user))
  const cgroups = cloneCgroupView(program, facts.view)
  const sharedMemory = cloneSharedMemory(program, namespaces)
  makePrivate(program)
  const mounts = mountTrees(program, sources, facts.overlayOptions, facts.user)
  mountOverlay(program, root, facts.overlayOptions, facts.user)
  enterRoot(program, root.writableLayer)

  // In the container's: no path leads out of it any more.
  for (const mount of mounts) if (!isBeneathSystem(mount)) attach(program, mount)
  if (pidNamespace) enterPidNamespace(program, pidNamespace)
  mountProc(program)
  writeSysctls(program, spec.sysctl)
  mountSys(program, { privileged })
  mountCgroup(program, facts.view, cgroups, { privileged })
  mountDev(program, { devices: facts.devices, shmSize: spec.shmSize, sharedMemory, user: facts.user })
  const masks = facts.masks.map(mask => openMask(program, mask))
  for (const mount of mounts) if (isBeneathSystem(mount)) attach(program, mount)
  const terminal = openStreams(program, process, facts)
  if (terminal) mountConsole(program, terminal)
  for (const path of spec.readonlyPaths) makePathReadonly(program, path)
  for (const mask of masks) maskPath(program, mask)
  closeDescriptors(program, facts.user && descriptor.user)
  makeWithinRoot(program, process.cwd)
  if (root.readonly) makeReadonly(program, '/', { recursive: false })

  if (namespaces.uts === 'private') nameHost(program, spec)
  joinKeyring(program, spec.id)
  // The reaper has every restriction that the process has: a way into it is a way to nothing more.
  const reaper = spec.init && namespaces.pid === 'private'
  return becomeProcess(program, process, facts, reaper ? { flags: 0, parent: 'init' } : undefined)
}

function nameHost(program: ProgramBuilder, { hostname, domainname }: ContainerSpec): void {
  const length = (name: string) => Buffer.byteLength(name)
  program.call('sethostname', [hostname, length(hostname)], { words: `set the host name to ${hostname}` })
  if (domainname)
    program.call('setdomainname', [domainname, length(domainname)], { words: `set the domain name to ${domainname}` })
}
