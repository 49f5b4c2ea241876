// A post by a client whose types openapi-typescript made: `node use.js ADDRESS KEY ACCOUNT`.
import createClient from "openapi-fetch";
import type { components, paths } from "./polypost.js";

declare const process: { argv: string[] };
const [, , baseUrl = "", key = "", accountId = ""] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { "x-access-key": key } });

const target: components["schemas"]["TwitterEntry"] = { platform: "twitter", accountId };
const made = await client.POST("/v1/posts", {
  body: { content: "By a generated TypeScript client", publishNow: true, platforms: [target] },
});
if (made.error) throw new Error(made.error.message);

const params = { path: { postId: made.data.postId } };
const { data, error } = await client.GET("/v1/posts/{postId}", { params });
if (error) throw new Error(error.message);
const address: string | null | undefined = data.post.platforms[0]?.platformPostUrl;

const refused = await client.POST("/v1/posts", { body: { content: "", platforms: [] } });
if (!refused.error) throw new Error("A post without anything in it was taken.");
const problems = refused.error.errors?.map((problem) => problem.path);

console.log(JSON.stringify({ status: data.post.status, address, problems }));
