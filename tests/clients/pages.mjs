// The pages for people, in Chromium, with JavaScript switched off unless a test says otherwise.
// GUILDHALL_URL=http://127.0.0.1:3000 GUILDHALL_MAIL=./data/mail node --test pages.mjs
import './pages/invitation.mjs'
import './pages/answers.mjs'
import './pages/password.mjs'
import './pages/connect.mjs'
import './pages/step.mjs'
import './pages/safety.mjs'
