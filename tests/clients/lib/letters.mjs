// The letters of nodes without a mail server: files in their data folders.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import PostalMime from 'postal-mime'

const PATIENCE_MS = 30_000
const read = new Map()

function folders() {
  const given = (process.env.GUILDHALL_MAIL ?? '').split(',').filter(Boolean)
  if (given.length === 0) throw new Error("set GUILDHALL_MAIL to the nodes' mail folders, as in ./data/mail")
  return given
}

async function letter(path) {
  if (!read.has(path)) {
    const [parsed, { mtimeMs }] = [await PostalMime.parse(await readFile(path)), await stat(path)]
    const { to, subject, text, messageId, inReplyTo, references } = parsed
    const thread = { messageId, inReplyTo, references }
    read.set(path, { to: to?.map(one => one.address) ?? [], subject, text: text ?? '', thread, at: mtimeMs })
  }
  return read.get(path)
}

async function lettersTo(email) {
  const paths = await Promise.all(
    folders().map(async folder => {
      const names = await readdir(folder).catch(() => [])
      return names.filter(name => name.endsWith('.eml')).map(name => join(folder, name))
    }),
  )
  const all = await Promise.all(paths.flat().map(letter))
  return all.filter(one => one.to.includes(email)).sort((a, b) => a.at - b.at)
}

/** The links to a page in the letters to an address so far, oldest first. */
export async function linksTo(path, email) {
  const words = (await lettersTo(email)).flatMap(one => one.text.split(/\s+/))
  return words.filter(word => word.includes(`${path}?token=`))
}

/** The newest of these links that is none of `known`; waited for. */
export async function linkTo(path, email, known = []) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
    const link = (await linksTo(path, email)).findLast(one => !known.includes(one))
    if (link) return link
  }
  throw new Error(`no letter to ${email} with a link to ${path} in ${PATIENCE_MS / 1000} s`)
}

/** The first letter to an address that has these words; waited for. */
export async function letterTo(email, words) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
    const letter = (await lettersTo(email)).find(one => one.text.includes(words))
    if (letter) return letter
  }
  throw new Error(`no letter to ${email} that says ${words} in ${PATIENCE_MS / 1000} s`)
}

/** The codes of six digits in the letters to an address so far, oldest first. */
export async function codesTo(email) {
  return (await lettersTo(email)).flatMap(one => one.text.match(/^\d{6}$/m) ?? [])
}

/** The code in the next letter after the first `known`; waited for. */
export async function codeTo(email, known = 0) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
    const codes = await codesTo(email)
    if (codes.length > known) return codes.at(-1)
  }
  throw new Error(`no letter to ${email} with a code in ${PATIENCE_MS / 1000} s`)
}
