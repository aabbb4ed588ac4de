import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const wanted = ['cpu', 'cpuset', 'io', 'memory', 'pids']

/**
 * Makes the controllers available to the children of `root` (cgroup.subtree_control). In the root of the machine's tree
 * that is all there is to it. Where `root` is only a namespace's root, say in a container or in a delegated unit, it has
 * processes of its own, and a cgroup with processes cannot give controllers to children ("no internal processes"): then
 * those move to a leaf of their own first, as init systems do.
 */
export function enableControllers(root: string): void {
  const wordsOf = (file: string) => readFileSync(`${root}/${file}`, 'utf8').trim().split(' ')
  const enabled = wordsOf('cgroup.subtree_control')
  const lacking = wanted.filter(name => !enabled.includes(name))
  if (lacking.length === 0) return
  const available = wordsOf('cgroup.controllers')
  const missing = lacking.filter(name => available.includes(name))
  if (missing.length === 0) return
  try {
    enable(root, missing)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    moveProcesses(root, `${root}/tscompose-host`)
    enable(root, missing)
  }
}

function enable(root: string, controllers: readonly string[]): void {
  // One by one: a controller that cannot be enabled (a realtime process keeps cpu out) must not keep out the others.
  let failure: unknown
  for (const name of controllers) {
    try {
      writeFileSync(`${root}/cgroup.subtree_control`, `+${name}`, { flag: 'r+' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') failure = error
    }
  }
  if (failure) throw failure
}

function moveProcesses(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const pid of readFileSync(`${from}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)) {
    try {
      writeFileSync(`${to}/cgroup.procs`, pid, { flag: 'r+' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
