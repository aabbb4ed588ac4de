import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { resolveMerged } from '../../src/runtime/rootfs/merged-tree.ts'
import { readContainerFile, readRootFile } from '../../src/runtime/rootfs/root-files.ts'
import { linux } from '../../src/sys/kernel.ts'
import { temporaryDirectory } from '../temporary.ts'

const skip = process.getuid?.() !== 0 && 'needs root'

/** Layers made of a list: a text is a file, `-> x` a link, `whiteout` and `opaque` what overlayfs has for them. */
function tree(t: TestContext, ...layers: Record<string, string>[]) {
  const base = temporaryDirectory('tree', t)
  const directories = layers.map((entries, index) => {
    const directory = join(base, index === 0 ? 'upper' : `lower${index}`)
    mkdirSync(directory)
    for (const [name, content] of Object.entries(entries)) {
      const path = join(directory, name)
      mkdirSync(dirname(path), { recursive: true })
      if (content === 'whiteout') linux.mknodat(-100, path, 0o020000, 0)
      else if (content === 'opaque') {
        mkdirSync(path, { recursive: true })
        linux.lsetxattr(path, 'trusted.overlay.opaque', Buffer.from('y'), 1, 0)
      } else if (content.startsWith('-> ')) symlinkSync(content.slice(3), path)
      else writeFileSync(path, content)
    }
    return directory
  })
  const [, ...lowerdirs] = directories
  const root = { lowerdirs, writableLayer: base, readonly: false }
  return { base, directories, read: (path: string) => readRootFile(root, path)?.toString() }
}

test('the uppermost layer that has a file decides', t => {
  const { read } = tree(t, { 'etc/b': 'upper' }, { 'etc/a': '1', 'etc/b': '1' }, { 'etc/a': '2', 'etc/c': '2' })
  assert.deepEqual(['/etc/a', '/etc/b', '/etc/c', '/etc/d'].map(read), ['1', 'upper', '2', undefined])
})

test('a whiteout hides a file and a directory of the layers below', { skip }, t => {
  const { read } = tree(t, { 'etc/a': 'whiteout', d: 'whiteout' }, { 'etc/a': '1', 'd/x': '1' })
  assert.deepEqual([read('/etc/a'), read('/d/x')], [undefined, undefined])
})

test('an opaque directory hides what is below it', { skip }, t => {
  const { read } = tree(t, { d: 'opaque', 'd/new': 'n' }, { 'd/old': '1' })
  assert.deepEqual([read('/d/new'), read('/d/old')], ['n', undefined])
})

test('a file hides a directory below it, and the other way round', t => {
  const { read } = tree(t, { a: 'file', 'b/c': 'inner' }, { 'a/x': '1', b: 'file' })
  assert.deepEqual([read('/a'), read('/a/x'), read('/b'), read('/b/c')], ['file', undefined, undefined, 'inner'])
})

test('links are followed within the root, across layers, and never out of it', t => {
  const lower = { 'etc/passwd': 'inside', out: '-> ../../../../etc/passwd', loop: '-> loop', 'x/rel': '-> ../y/file' }
  const { read } = tree(t, { absolute: '-> /etc/passwd', 'y/file': 'y', dir: '-> /x' }, lower)
  const paths = ['/absolute', '/out', '/../../etc/passwd', '/dir/rel', '/dir/../etc/passwd', '/loop']
  assert.deepEqual(paths.map(read), ['inside', 'inside', 'inside', 'y', 'inside', undefined])
})

test('what is missing keeps the name it would have', t => {
  const { directories } = tree(t, {}, { run: '-> /var/run', 'var/run/x': '' })
  assert.deepEqual(resolveMerged(directories, '/run/systemd/resolve.conf'), {
    kind: 'missing',
    path: '/var/run/systemd/resolve.conf',
  })
})

test('overlayfs itself agrees', { skip }, t => {
  const upper = { 'd/up': 'u', w: 'whiteout', o: 'opaque', 'o/new': 'n', l: '-> d/low' }
  const { base, read } = tree(t, upper, { 'd/low': '1', w: '1', 'o/old': '1' }, { 'd/low': '2', 'd/lowest': '2' })
  const script = `mkdir ${base}/work ${base}/m && mount -t overlay overlay -o lowerdir=${base}/lower1:${base}/lower2,upperdir=${base}/upper,workdir=${base}/work ${base}/m
    for f in d/up d/low d/lowest w o/new o/old l; do cat ${base}/m/$f 2>/dev/null || echo -n missing; echo; done; umount ${base}/m`
  const shown = execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' }).trim().split('\n')
  const paths = ['/d/up', '/d/low', '/d/lowest', '/w', '/o/new', '/o/old', '/l']
  assert.deepEqual(
    paths.map(path => read(path) ?? 'missing'),
    shown,
  )
})

test('a device that an image has in the place of a file is not opened', { skip }, t => {
  const { directories, read } = tree(t, {}, { 'etc/x': '' })
  // Nobody has the number: to open it fails.
  linux.mknodat(-100, join(directories[0] ?? '', 'device'), 0o020600, 240 << 8)
  assert.equal(read('/device'), undefined)
})

test('a file of a running process is read from its own root', { skip }, () => {
  assert.equal(readContainerFile(process.pid, '/proc/sys/kernel/ostype')?.toString(), 'Linux\n')
  assert.equal(readContainerFile(process.pid, '/dev/null'), undefined)
  assert.equal(readContainerFile(process.pid, '/nowhere'), undefined)
})
