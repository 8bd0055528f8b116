// Customers of an organization sign in at its servers, with the clients they have.
// GUILDHALL_URL=http://127.0.0.1:3000 GUILDHALL_MAIL=./data/mail node --test sign_in.mjs
import './sign_in/clients.mjs'
import './sign_in/boundaries.mjs'
import './sign_in/races.mjs'
import './sign_in/browser.mjs'
import './sign_in/upstream.mjs'
import './sign_in/documents.mjs'
import './sign_in/conformance.mjs'
import './sign_in/inspector.mjs'
