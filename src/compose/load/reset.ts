import { shadow } from './merge.ts'
import type { Forgotten, ResetPaths } from './session.ts'
import type { Node } from './yaml/node.ts'
import { whereOfKey } from './yaml/node.ts'

interface ResetTree {
  here: boolean
  readonly steps: Map<string, ResetTree>
}

function treeOf(paths: ResetPaths): ResetTree {
  const root: ResetTree = { here: false, steps: new Map() }
  for (const path of paths) {
    let at = root
    for (const step of path) {
      let next = at.steps.get(step)
      if (!next) {
        next = { here: false, steps: new Map() }
        at.steps.set(step, next)
      }
      at = next
    }
    at.here = true
  }
  return root
}

/**
 * Takes what `!reset` and `!override` name out of what came before. List items cannot be taken away.
 * @param document the document with the tags, whose values remember what they replace
 */
export function applyResets(
  model: Node,
  paths: ResetPaths,
  document: Node | undefined,
  forget: (forgotten: Forgotten) => void,
): void {
  if (paths.length > 0) walk(model, treeOf(paths), document, [], forget)
}

function walk(
  node: Node,
  tree: ResetTree,
  document: Node | undefined,
  path: string[],
  forget: (forgotten: Forgotten) => void,
): void {
  if (node.kind !== 'map') return
  for (const [key, next] of tree.steps) {
    const child = node.entries.get(key)
    if (!child) continue
    const replacement = document?.kind === 'map' ? document.entries.get(key) : undefined
    path.push(key)
    if (next.here) {
      node.entries.delete(key)
      if (replacement) shadow(replacement, child, 'override')
      else forget({ path: path.join('.'), node: child, where: whereOfKey(child) })
    } else walk(child, next, replacement, path, forget)
    path.pop()
  }
}
