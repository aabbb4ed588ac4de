import { homedir } from 'node:os'

/** The user's home; where neither HOME nor passwd(5) tells of one, what Debian calls the home of those who have none. */
export function home(): string {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}
