const who = { u: 0o700, g: 0o070, o: 0o007 } as const
const special = { u: 0o4000, g: 0o2000, o: 0 } as const
const bits = { r: 0o444, w: 0o222, x: 0o111 } as const

/** Applies changes in chmod(1)'s symbolic form, `u=rwX,go=rX`; the parser has checked that they are. */
export function changeMode(mode: number, changes: string, isDirectory: boolean): number {
  return changes.split(',').reduce((mode, change) => {
    const [, users = '', actions = ''] = /^([ugoa]*)(.*)$/.exec(change) ?? []
    const classes = (users === '' || users.includes('a') ? ['u', 'g', 'o'] : [...users]) as (keyof typeof who)[]
    const mask = classes.reduce((mask, name) => mask | who[name], 0)
    for (const [, operator, permissions = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      let wanted = 0
      for (const letter of permissions) {
        if (letter === 'X') wanted |= isDirectory || (mode & 0o111) !== 0 ? bits.x & mask : 0
        else if (letter === 's') wanted |= classes.reduce((all, name) => all | special[name], 0)
        else if (letter === 't') wanted |= 0o1000
        else if (letter in who) wanted |= copied(mode, letter as keyof typeof who) & mask
        else wanted |= bits[letter as keyof typeof bits] & mask
      }
      if (operator === '+') mode |= wanted
      else if (operator === '-') mode &= ~wanted
      else mode = (mode & ~mask) | wanted
    }
    return mode
  }, mode)
}

/** The permissions of one class, for all three. */
function copied(mode: number, name: keyof typeof who): number {
  const shift = { u: 6, g: 3, o: 0 }[name]
  const three = (mode >> shift) & 7
  return (three << 6) | (three << 3) | three
}
