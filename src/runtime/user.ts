import { TscomposeError } from '../errors.ts'

/** Who a process runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
  /** The primary group is among them, as in Docker. */
  readonly additionalGids: readonly number[]
  /** What HOME is unless the environment says otherwise. */
  readonly home: string
}

/** A file of the container, or undefined if it does not exist. */
export type ReadText = (path: string) => string | undefined

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}
interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/**
 * Finds a user by Docker's rules: `name`, `uid`, `name:group`, `uid:gid` or any mixture, looked up in the container's
 * own /etc/passwd and /etc/group; a number needs no entry. Without a user it is root.
 * @param groupAdd further groups, by name or number
 * @throws TscomposeError RUNTIME_USER_UNKNOWN
 */
export function resolveUser(user: string, groupAdd: readonly string[], readText: ReadText): User {
  const [userPart = '', groupPart = ''] = user.split(':', 2)
  const wanted = userPart || '0'
  const number = parseId(wanted)
  // A number is never a name: an image must not make root of the user 1000 that it is told to be (CVE-2016-3697).
  const passwd = readText('/etc/passwd') ?? ''
  const entry = number === undefined ? userByName(passwd, wanted) : userById(passwd, number)
  const uid = entry?.uid ?? number
  if (uid === undefined) throw unknown('user', userPart, 'passwd')

  const groups = readText('/etc/group') ?? ''
  const gid = groupPart ? groupId(groupPart, groups) : (entry?.gid ?? 0)
  // A group that is named stands for all of the user's own.
  const own = groupPart || !entry ? [] : groupsOf(groups, entry.name)
  const additionalGids = new Set([gid, ...own, ...groupAdd.map(group => groupId(group, groups))])
  return { uid, gid, additionalGids: [...additionalGids], home: entry?.home || '/' }
}

function groupId(wanted: string, groups: string): number {
  const gid = parseId(wanted) ?? groupByName(groups, wanted)?.gid
  if (gid === undefined) throw unknown('group', wanted, 'group')
  return gid
}

/** @throws TscomposeError RUNTIME_USER_UNKNOWN for a number that is no uid; undefined for what is no number */
function parseId(text: string): number | undefined {
  if (!/^-?\d+$/.test(text)) return undefined
  const id = Number(text)
  if (id >= 0 && id <= 0x7fff_ffff) return id
  throw new TscomposeError('RUNTIME_USER_UNKNOWN', `${text} is no uid or gid: they range from 0 to 2147483647`)
}

const unknown = (kind: 'user' | 'group', name: string, file: 'passwd' | 'group') =>
  new TscomposeError('RUNTIME_USER_UNKNOWN', `unable to find ${kind} ${name}: no matching entries in ${file} file`)

const userByName = (passwd: string, wanted: string): PasswdEntry | undefined =>
  users(passwd, `${wanted}:`).find(({ name }) => name === wanted)

const userById = (passwd: string, wanted: number): PasswdEntry | undefined =>
  users(passwd, `${wanted}:`).find(({ uid }) => uid === wanted)

const groupByName = (groups: string, wanted: string): GroupEntry | undefined =>
  groupsWith(groups, `${wanted}:`).find(({ name }) => name === wanted)

const groupsOf = (groups: string, user: string): readonly number[] =>
  groupsWith(groups, user)
    .filter(({ members }) => members.includes(user))
    .map(({ gid }) => gid)
    .toArray()

/** passwd(5) */
const users = (text: string, part: string): IteratorObject<PasswdEntry> =>
  recordsWith(text, part).flatMap(([name = '', , uid, gid, , home = '']) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  )

/** group(5) */
const groupsWith = (text: string, part: string): IteratorObject<GroupEntry> =>
  recordsWith(text, part).flatMap(([name = '', , gid, members = '']) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(',').map(member => member.trim()) }] : [],
  )

/**
 * The lines that have `part` somewhere, one after the other. The files are a container's, which may have made them as
 * large as it likes: to take all of one apart would keep the engine from everybody else.
 */
function* recordsWith(text: string, part: string): Generator<readonly string[], void> {
  let at = text.indexOf(part)
  while (at >= 0 && at < text.length) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(text.lastIndexOf('\n', at) + 1, end)
    yield line.trim().split(':', FIELDS)
    at = text.indexOf(part, end + 1)
  }
}
/** As many as passwd(5) has. */
const FIELDS = 7

const isId = (text: string | undefined) => text !== undefined && /^\d+$/.test(text)
