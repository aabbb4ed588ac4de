import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingFiles } from '../../src/compose/missing-files.ts'
import { toObserved } from '../../src/compose/observe.ts'
import { otherDirectory } from '../../src/compose/other-directory.ts'

test('a directory that is made where a file was meant is worth a warning, others are not', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tscompose-missing-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'there.conf'), '')
  const told = (name: string, target: string, createHostPath = true) => {
    const bind = { createHostPath, recursive: 'enabled' as const }
    return missingFiles({ volumes: [{ type: 'bind', source: join(directory, name), target, readOnly: false, bind }] })
  }
  assert.match(told('nginx.conf', '/etc/nginx/nginx.conf').join(), /nginx\.conf does not exist: a directory is made/)
  assert.equal(told('.env', '/app/.env').length, 1)
  assert.equal(told('Caddyfile', '/etc/Caddyfile').length, 1)
  assert.deepEqual(told('there.conf', '/etc/there.conf'), [])
  assert.deepEqual(told('data', '/var/lib/data'), [])
  assert.deepEqual(told('conf.d', '/etc/nginx/conf.d'), [])
  assert.deepEqual(told('.ssh', '/root/.ssh'), [])
  assert.deepEqual(told('v1.2', '/srv/v1.2'), [])
  assert.deepEqual(told('nginx.conf', '/etc/nginx/nginx.conf', false), [])
})

test('another directory under the same name is noticed as long as it is there, by whatever path it is called', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tscompose-other-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [here, there, link] = ['here', 'there', 'link'].map(name => join(directory, name)) as [string, string, string]
  for (const path of [here, there]) mkdirSync(path)
  symlinkSync(here, link)
  const from = (workingDir: string, oneOff = 'False') => {
    const Labels = {
      'com.docker.compose.project.working_dir': workingDir,
      'com.docker.compose.oneoff': oneOff,
    }
    const summary = { Id: '1', Names: ['/a'], Labels, State: 'running', Status: '', ImageID: '', Mounts: [] }
    const container = toObserved({ ...summary, NetworkSettings: { Networks: {} } } as unknown as Parameters<
      typeof toObserved
    >[0])
    return otherDirectory({ workingDir: here }, { containers: [container] })
  }
  assert.equal(from(there), there)
  assert.equal(from(here), undefined)
  assert.equal(from(link), undefined)
  assert.equal(from(there, 'True'), undefined)
  assert.equal(from(join(directory, 'moved away')), undefined)
})
