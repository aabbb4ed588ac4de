import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResolvConf, renderResolvConf, renderUnconnectedResolvConf } from '../../src/network/dns/resolv-conf.ts'

const host = parseResolvConf(`# a comment
nameserver 10.0.0.53
nameserver fd00::53 ; another
domain old.example
search corp.example  lab.example
options timeout:1 attempts:2
options rotate
`)

test('resolv.conf is read', () =>
  assert.deepEqual(host, {
    nameservers: ['10.0.0.53', 'fd00::53'],
    search: ['corp.example', 'lab.example'],
    options: ['timeout:1', 'attempts:2', 'rotate'],
  }))

test('an empty resolv.conf says nothing', () =>
  assert.deepEqual(parseResolvConf(''), { nameservers: [], search: [], options: [] }))

const spec = { servers: [], search: [], options: [] }

test('a container asks our server, with the search domains and options of the host', () =>
  assert.equal(
    renderResolvConf(spec, host),
    'nameserver 127.0.0.11\nsearch corp.example lab.example\noptions timeout:1 attempts:2 rotate ndots:0\n',
  ))

test('what a service says of search domains and options counts instead', () =>
  assert.equal(
    renderResolvConf({ ...spec, search: ['a.example'], options: ['ndots:2'] }, host),
    'nameserver 127.0.0.11\nsearch a.example\noptions ndots:2\n',
  ))

test('a dot means no search domains', () =>
  assert.equal(
    renderResolvConf({ ...spec, search: ['.'] }, parseResolvConf('search corp.example')),
    'nameserver 127.0.0.11\noptions ndots:0\n',
  ))

test('the servers that our server asks are told in a comment', () =>
  assert.equal(
    renderResolvConf({ ...spec, servers: ['1.2.3.4', '::1'] }, parseResolvConf('')),
    'nameserver 127.0.0.11\noptions ndots:0\n# ExtServers: [1.2.3.4 ::1]\n',
  ))

test('a container without a network asks the servers themselves', () => {
  assert.equal(
    renderUnconnectedResolvConf({ ...spec, servers: ['1.2.3.4'] }, host),
    'nameserver 1.2.3.4\nsearch corp.example lab.example\noptions timeout:1 attempts:2 rotate\n',
  )
  assert.equal(renderUnconnectedResolvConf(spec, parseResolvConf('nameserver ::1')), 'nameserver ::1\n')
})
