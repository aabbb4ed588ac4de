import { lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { resolveMerged } from '../../runtime/rootfs/merged-tree.ts'
import { linux, SystemError } from '../../sys/kernel.ts'

/** Where every container has something mounted. */
const always = ['/proc', '/sys', '/dev']

/**
 * The paths that mounting on `destinations` will make in an image, the innermost first.
 * @param layers directories of the image's layers, the uppermost first
 */
export function missingMountpoints(layers: readonly string[], destinations: readonly string[]): readonly string[] {
  const missing = new Set<string>()
  for (const destination of [...always, ...destinations]) {
    const found = resolveMerged(layers, destination)
    if (found.kind !== 'missing') continue
    const names = found.path.split('/').filter(Boolean)
    names.forEach((_, index) => {
      const path = `/${names.slice(0, index + 1).join('/')}`
      if (resolveMerged(layers, path).kind === 'missing') missing.add(path)
    })
  }
  return [...missing].sort((a, b) => b.length - a.length)
}

/**
 * Takes mountpoints out of the layer that a step has made, as far as the step has put nothing there; and the directories
 * above them, where nothing but their times is new.
 */
export function removeMountpoints(upper: string, paths: readonly string[], layers: readonly string[]): void {
  for (const path of paths) removeEmpty(`${upper}${path}`)
  for (const path of paths) restoreParents(upper, path.slice(0, path.lastIndexOf('/')), layers)
}

function removeEmpty(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) {
    if (readdirSync(path).length === 0) rmdirSync(path)
  } else if (stat?.isFile() && stat.size === 0) rmSync(path)
}

/** overlayfs copied the directory up when something was made in it. */
function restoreParents(upper: string, path: string, layers: readonly string[]): void {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const copy = `${upper}${at}`
    const stat = lstatSync(copy, { throwIfNoEntry: false })
    if (!stat?.isDirectory() || readdirSync(copy).length > 0 || isOpaque(copy)) return
    const below = resolveMerged(layers, at)
    if (below.kind !== 'directory') return
    const original = statSync(below.layers[0] ?? '')
    if (original.mode !== stat.mode || original.uid !== stat.uid || original.gid !== stat.gid) return
    rmdirSync(copy)
  }
}

function isOpaque(path: string): boolean {
  const value = Buffer.alloc(1)
  try {
    return linux.lgetxattr(path, 'trusted.overlay.opaque', value, value.length) === 1 && value.toString() === 'y'
  } catch (error) {
    if (error instanceof SystemError) return false
    throw error
  }
}
