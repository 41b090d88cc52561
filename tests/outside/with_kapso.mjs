// The client `@kapso/whatsapp-cloud-api`, as its package is, against a running node: sends, receives, marks as read, uploads
// and fetches.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GraphApiError, WhatsAppClient, isBusinessScopedUserId } from "@kapso/whatsapp-cloud-api";
import { normalizeWebhook, verifySignature } from "@kapso/whatsapp-cloud-api/server";

const { CLOUD_URL, CLOUD_TOKEN, CLOUD_PHONE, CLOUD_BUSINESS, CLOUD_CATALOG, CLOUD_SECRET, SIGILLO, ANA_HOME, SHOP_ADDRESS, PLACE } =
  process.env;
const PATIENCE = 120_000;
const VERIFY_TOKEN = "a word";
const phoneNumberId = CLOUD_PHONE;
const letters = [];
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const ana = (...words) =>
  JSON.parse(execFileSync(SIGILLO, ["--home", ANA_HOME, ...words, "--json"], { encoding: "utf8" }));
const history = () => ana("history", SHOP_ADDRESS).entries;

async function until(what, look) {
  const begun = Date.now();
  while (Date.now() - begun < PATIENCE) {
    const found = look();
    if (found) return found;
    await pause(200);
  }
  throw new Error(`${what}: waited in vain; last ${JSON.stringify(history().at(-1))}; ${JSON.stringify(letters)}`);
}

const receiver = createServer(async (request, response) => {
  if (request.method === "GET") {
    const query = new URL(request.url, CLOUD_URL).searchParams;
    const agrees = query.get("hub.mode") === "subscribe" && query.get("hub.verify_token") === VERIFY_TOKEN;
    response.writeHead(agrees ? 200 : 403).end(agrees ? query.get("hub.challenge") : "");
    return;
  }
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const rawBody = Buffer.concat(pieces);
  const signatureHeader = request.headers["x-hub-signature-256"];
  const holds = verifySignature({ appSecret: CLOUD_SECRET, rawBody, signatureHeader });
  letters.push(holds ? normalizeWebhook(JSON.parse(rawBody)) : new Error("a signature doesn't hold"));
  response.writeHead(200).end();
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

const letter = (what, good) =>
  until(what, () => {
    const broken = letters.find((one) => one instanceof Error);
    if (broken) throw broken;
    return letters.find(good);
  });
const message = (what, good) =>
  letter(what, (one) => one.messages.some(good)).then((one) => one.messages.find(good));
const status = (id, word) =>
  letter(`the status ${word}`, (one) => one.statuses.some((status) => status.id === id && status.status === word));
const sent = (answer) => {
  assert.match(answer.messages[0].id, /^wamid\./);
  return answer.messages[0].id;
};

const client = new WhatsAppClient({ baseUrl: CLOUD_URL, graphVersion: "v23.0", accessToken: CLOUD_TOKEN });
const callback = `http://127.0.0.1:${receiver.address().port}/hook`;
const subscribed = await client.request("POST", `${CLOUD_BUSINESS}/subscribed_apps`, {
  body: { overrideCallbackUri: callback, verifyToken: VERIFY_TOKEN },
  responseType: "json",
});
assert.deepEqual(subscribed, { success: true });

ana("send", SHOP_ADDRESS, "Good morning");
const greeting = await message("Ana's text", (one) => one.text?.body === "Good morning");
assert.equal(greeting.kapso.direction, "inbound");
const recipient = greeting.fromUserId;
const to = greeting.from;
assert.ok(isBusinessScopedUserId(recipient), recipient);
assert.match(to, /^\d{15}$/);
assert.deepEqual(await client.messages.markRead({ phoneNumberId, messageId: greeting.id }), { success: true });

const answered = sent(
  await client.messages.sendText({
    phoneNumberId,
    recipient,
    body: "Good morning, Ana",
    contextMessageId: greeting.id,
    bizOpaqueCallbackData: "visit 7",
  }),
);
await until("the answer", () => history().at(-1).text === "Good morning, Ana");
const delivered = await status(answered, "delivered");
assert.equal(delivered.statuses[0].recipientUserId, recipient);
assert.equal(delivered.statuses[0].bizOpaqueCallbackData, "visit 7");
assert.equal(delivered.contacts[0].waId, to);
ana("history", SHOP_ADDRESS, "--read");
await status(answered, "read");

sent(await client.messages.sendLocation({ phoneNumberId, to, location: { latitude: -23.5, longitude: -46.6, name: "Shop" } }));
await until("the place", () => history().at(-1).kind === "location");
const contact = { name: { formattedName: "João" }, phones: [{ phone: "+55 11 5555-0001" }] };
sent(await client.messages.sendContacts({ phoneNumberId, to, contacts: [contact] }));
await until("the card", () => history().at(-1).kind === "card");
const buttons = [{ id: "yes", title: "Yes" }, { id: "no", title: "No" }];
sent(await client.messages.sendInteractiveButtons({ phoneNumberId, to, bodyText: "A loaf?", buttons }));
const menu = await until("the buttons", () => history().at(-1).kind === "menu" && history().at(-1));
ana("choose", SHOP_ADDRESS, menu.id, "no");
const choice = await message("her choice", (one) => one.type === "interactive");
assert.deepEqual(choice.interactive.buttonReply, { id: "no", title: "No" });
assert.ok(choice.context.id);
const sections = [{ title: "Bread", rows: [{ id: "rye", title: "Rye" }] }];
sent(await client.messages.sendInteractiveList({ phoneNumberId, to, bodyText: "Which?", buttonText: "Open", sections }));
sent(
  await client.messages.sendInteractiveCtaUrl({
    phoneNumberId,
    to,
    bodyText: "Our page",
    parameters: { displayText: "See", url: "https://shop.example/" },
  }),
);
await until("the link", () => history().at(-1).link?.url === "https://shop.example/");
sent(await client.messages.sendReaction({ phoneNumberId, to, reaction: { messageId: greeting.id, emoji: "👍" } }));
await until("the reaction", () => history().some((entry) => entry.reactions?.[0]?.emoji === "👍"));

const document = Buffer.from("%PDF-1.4 a list of loaves\n".repeat(1_000));
const { id } = await client.media.upload({
  phoneNumberId,
  type: "application/pdf",
  file: new Blob([document], { type: "application/pdf" }),
  fileName: "loaves.pdf",
});
const known = await client.media.get({ mediaId: id, phoneNumberId });
assert.equal(known.sha256, createHash("sha256").update(document).digest("hex"));
assert.equal(Number(known.fileSize), document.length);
const fetched = await client.media.download({ mediaId: id, phoneNumberId, auth: "always" });
assert.ok(Buffer.from(fetched).equals(document));
sent(await client.messages.sendDocument({ phoneNumberId, to, document: { id, caption: "All we bake", filename: "menu.pdf" } }));
await until("the document", () => history().at(-1).kind === "file" && history().at(-1).caption === "All we bake");

const headed = { phoneNumberId, to, bodyText: "One of these?", header: { type: "document", document: { id, filename: "menu.pdf" } }, buttons };
sent(await client.messages.sendInteractiveButtons(headed));
await until("the document above buttons", () => history().at(-1).file?.media_type === "application/pdf");
assert.equal(history().at(-1).text, "One of these?");

const catalogId = CLOUD_CATALOG;
sent(await client.messages.sendInteractiveProduct({ phoneNumberId, to, catalogId, productRetailerId: "rye" }));
await until("the product", () => history().at(-1).shelves?.[0].items[0].id === "rye");
const productItems = [{ productRetailerId: "rye" }, { productRetailerId: "oat" }];
const bread = {
  phoneNumberId,
  to,
  catalogId,
  header: { type: "text", text: "Bread" },
  bodyText: "Which?",
  sections: [{ title: "Today", productItems }],
};
sent(await client.messages.sendInteractiveProductList(bread));
const offer = await until("the products", () => history().at(-1).header === "Bread" && history().at(-1));
ana("order", SHOP_ADDRESS, offer.id, "rye=2", "oat", "--text", "before noon");
const order = await message("her order", (one) => one.type === "order");
assert.equal(order.order.orderText, "before noon");
assert.deepEqual(
  order.order.productItems.map((item) => [item.productRetailerId, item.quantity, item.itemPrice, item.currency]),
  [["rye", 2, 19.9, "BRL"], ["oat", 1, 4.5, "BRL"]],
);
sent(await client.messages.sendInteractiveCatalogMessage({ phoneNumberId, to, bodyText: "All" }));
await until("the catalog", () => history().at(-1).kind === "offer" && history().at(-1).text === "All");
const where = { phoneNumberId, to, bodyText: "Where to?", parameters: { requestMessage: "Where to?" } };
sent(await client.messages.sendInteractiveLocationRequest(where));
const request = await until("the question", () => history().at(-1).kind === "place_request" && history().at(-1));
ana("send", SHOP_ADDRESS, "--location", "-10.5,20.25", "--reply-to", request.id);
const place = await message("her place", (one) => one.type === "location");
assert.equal(place.location.latitude, -10.5);

const children = [
  { type: "TextHeading", text: "When do you come?" },
  { type: "TextInput", name: "who", label: "Your name", required: true },
  { type: "RadioButtonsGroup", name: "size", label: "Size", dataSource: [{ id: "small", title: "Small" }, { id: "large", title: "Large" }] },
  {
    type: "Footer",
    label: "Done",
    onClickAction: { name: "complete", payload: { name: "${form.who}", size: "${form.size}" } },
  },
];
const screens = [{ id: "ONLY", title: "You", terminal: true, layout: { type: "SingleColumnLayout", children } }];
const flow = { version: "7.2", screens };
const deployed = await client.flows.deploy(flow, { wabaId: CLOUD_BUSINESS, name: "Booking", categories: ["OTHER"], publish: true });
assert.equal(deployed.validationErrors, undefined);
assert.equal((await client.flows.get({ flowId: deployed.flowId })).status, "PUBLISHED");
const broken = { version: "7.2", screens: [{ ...screens[0], layout: { type: "SingleColumnLayout", children: [{ type: "PhotoPicker", name: "x" }, ...children] } }] };
const draft = await client.flows.create({ wabaId: CLOUD_BUSINESS, name: "Broken", flowJson: broken });
assert.equal(draft.validationErrors[0].pointers[0].path, "screens[0].layout.children[0].type");
assert.equal((await client.flows.updateAsset({ flowId: draft.id, json: flow })).validationErrors, undefined);
sent(
  await client.messages.sendInteractiveFlow({
    phoneNumberId,
    to,
    bodyText: "A table?",
    parameters: { flowId: deployed.flowId, flowCta: "Book", flowToken: "visit-7", flowAction: "navigate", flowActionPayload: { screen: "ONLY" } },
  }),
);
const form = await until("the flow", () => history().at(-1).kind === "form" && history().at(-1));
ana("fill", SHOP_ADDRESS, form.id, "--field", "name=Ana", "--field", "size=large");
const filled = await message("her answer", (one) => one.interactive?.type === "nfm_reply");
assert.deepEqual(filled.kapso.flowResponse, { flowToken: "visit-7", name: "Ana", size: "large" });
assert.ok(filled.context.id);

const path = join(PLACE, "wish.txt");
writeFileSync(path, "two loaves");
ana("send", SHOP_ADDRESS, "--file", path, "--type", "text/plain");
const wish = await message("her file", (one) => one.type === "document");
assert.equal(wish.document.filename, "wish.txt");
const hers = await client.media.download({ mediaId: wish.document.id, phoneNumberId, auth: "always" });
assert.equal(Buffer.from(hers).toString(), "two loaves");
assert.deepEqual(await client.media.delete({ mediaId: id, phoneNumberId }), { success: true });

const profile = { about: "Open", email: "shop@shop.example", websites: ["https://shop.example/"], vertical: "RETAIL" };
assert.deepEqual(await client.phoneNumbers.businessProfile.update({ phoneNumberId, ...profile }), { success: true });
const shown = await client.phoneNumbers.businessProfile.get({ phoneNumberId, fields: "about,email,websites,vertical" });
assert.equal(shown.data[0].email, profile.email);
await client.phoneNumbers.register({ phoneNumberId, pin: "123456" });
assert.ok(Array.isArray((await client.templates.list({ businessAccountId: CLOUD_BUSINESS })).data));

await assert.rejects(client.messages.sendRaw({ phoneNumberId, payload: { messagingProduct: "whatsapp", to, type: "flow" } }), (error) => {
  assert.ok(error instanceof GraphApiError);
  assert.equal(error.code, 131051);
  return true;
});
const stranger = new WhatsAppClient({ baseUrl: CLOUD_URL, graphVersion: "v23.0", accessToken: "nobody" });
await assert.rejects(stranger.phoneNumbers.businessProfile.get({ phoneNumberId }), (error) => error.isAuthError());
console.log("@kapso/whatsapp-cloud-api: sent, received, read, uploaded, fetched; every signature held");
process.exit(0);
