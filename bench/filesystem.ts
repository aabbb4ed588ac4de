import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A new, empty ext4 in a sparse file. To write many files where many have just been removed is several times slower
 * (ext4 does not give their inodes away for a minute), so each tool begins with one of its own.
 */
export function newFilesystem(): { readonly path: string } & Disposable {
  const dir = mkdtempSync('/tmp/tsbench-fs-')
  const path = join(dir, 'mnt')
  mkdirSync(path)
  const script = `
    truncate -s 16G image
    mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0 image
    mount -o loop,discard image mnt`
  execFileSync('sh', ['-ec', script], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('sh', ['-c', `findmnt -nro TARGET | grep -F "${dir}/" | sort -r | xargs -r umount`])
      rmSync(dir, { recursive: true })
    },
  }
}
