// The RPC wire, spoken by the unmodified @orpc/client and, where that would never send such a thing, by hand.
// GUILDHALL_URL=http://127.0.0.1:3000 node --test wire.mjs
import './wire/values.mjs'
import './wire/errors.mjs'
import './wire/requests.mjs'
import './wire/batch.mjs'
import './wire/idempotency.mjs'
import './wire/sign_in.mjs'
import './wire/uploads.mjs'
