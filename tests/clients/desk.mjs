// The ticket desk, as colleagues, customers' agents and browsers see it. The server needs --allow-loopback: what plays Slack
// is on this machine. A part of it is seen in Chromium.
// GUILDHALL_URL=http://127.0.0.1:3000 GUILDHALL_MAIL=./data/mail node --test desk.mjs
import './desk/life.mjs'
import './desk/live.mjs'
