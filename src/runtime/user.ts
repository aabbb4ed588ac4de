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
  const entry = parsePasswd(readText('/etc/passwd') ?? '').find(({ name, uid }) =>
    number === undefined ? name === wanted : uid === number,
  )
  const uid = entry?.uid ?? number
  if (uid === undefined) throw unknown('user', userPart, 'passwd')

  const groups = parseGroup(readText('/etc/group') ?? '')
  const gid = groupPart ? groupId(groupPart, groups) : (entry?.gid ?? 0)
  // A group that is named stands for all of the user's own.
  const own =
    groupPart || !entry ? [] : groups.filter(group => group.members.includes(entry.name)).map(group => group.gid)
  const additionalGids = new Set([gid, ...own, ...groupAdd.map(group => groupId(group, groups))])
  return { uid, gid, additionalGids: [...additionalGids], home: entry?.home || '/' }
}

function groupId(wanted: string, groups: readonly GroupEntry[]): number {
  const gid = parseId(wanted) ?? groups.find(({ name }) => name === wanted)?.gid
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

/** passwd(5) */
const parsePasswd = (text: string): readonly PasswdEntry[] =>
  records(text).flatMap(([name = '', , uid, gid, , home = '']) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  )

/** group(5) */
const parseGroup = (text: string): readonly GroupEntry[] =>
  records(text).flatMap(([name = '', , gid, members = '']) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(',').map(member => member.trim()) }] : [],
  )

const records = (text: string) => text.split('\n').map(line => line.trim().split(':'))
const isId = (text: string | undefined) => text !== undefined && /^\d+$/.test(text)
