"""What the pages of posts ask the store for, on both stores: words, spans of a calendar, what changed."""

from __future__ import annotations

from datetime import timedelta

from polypost import clock
from polypost.posts import changes, queries
from polypost.posts.queries import Filters
from tests.unit.test_posts import Desk


def test_a_search_finds_all_words_in_any_case(with_store, monkeypatch):
    async def story(store):
        desk = await Desk(store).open()
        texts = ["Ölmühle am Bach", "Die ölmühle", "100 % wool", "Nothing of it"]
        made = [(await desk.create(desk.order(text, after=60 + n))).post_id for n, text in enumerate(texts)]

        def found(words, **filters):
            return lambda db: queries.search(
                db, desk.project.id, words, Filters(**filters), limit=2, offset=0
            )

        total, posts, more = await store.read(found("ölmühle"))
        assert (total, [each.post.id for each in posts], more) == (2, made[1::-1], False)
        assert [each.platform for each in posts[0].targets] == ["instagram", "instagram"]
        assert (await store.read(found("BACH ölmühle")))[0] == 1
        # What a pattern would mean is a letter here.
        assert (await store.read(found("100 %")))[0] == 1
        assert (await store.read(found("t_ing")))[0] == 0
        assert (await store.read(found("of", statuses=["failed"])))[0] == 0
        assert (await store.read(found("of", integration_ids=desk.accounts[:1])))[0] == 1
        assert (await store.read(found("of", integration_ids=["int_other"])))[0] == 0
        # It looks at so many, and says that there are more.
        monkeypatch.setattr(queries, "SEARCHED", 2)
        assert (await store.read(found("ölmühle")))[::2] == (0, True)

    with_store(story)


def test_a_calendar_has_hours_and_what_was_sent_at_once(with_store):
    async def story(store):
        desk = await Desk(store).open()
        now = clock.now()
        sent = (await desk.create(desk.order("at once"))).post_id
        timed = (await desk.create(desk.order("x" * 500, after=3600, accounts=desk.accounts[:1]))).post_id
        await desk.create(desk.order("next week", after=7 * 86_400))
        gone = (await desk.create(desk.order("gone", after=1800))).post_id
        await store.write(lambda db: changes.cancel(db, desk.project.id, gone))
        await store.write(lambda db: changes.remove(db, desk.project.id, gone))
        whole = (now - timedelta(hours=1), now + timedelta(days=1))

        def span(limit=10, project="", bounds=whole, shown=10, **filters):
            return lambda db: queries.calendar(
                db,
                project or desk.project.id,
                Filters(**filters),
                bounds,
                shown=lambda count: min(count, shown),
                limit=limit,
            )

        def ids(found):
            return [[each.id for each in stretch.posts] for stretch in found[0]]

        ((placed, count),), more = await store.read(span())
        assert [each.id for each in placed] == [sent, timed]
        assert (count, more) == (2, False)
        assert [each.hour for each in placed] == [False, True]
        assert len(placed[1].content) == queries.FIRST_CHARACTERS
        assert placed[1].targets == [("instagram", desk.accounts[0], "scheduled", None)]
        assert len(placed[0].targets) == 2
        only = await store.read(span(limit=1))
        assert (ids(only), only[1]) == ([[sent]], True)
        # Those that are not shown are counted.
        ((placed, count),), more = await store.read(span(shown=1))
        assert ([each.id for each in placed], count, more) == ([sent], 2, False)
        # A bound belongs to what begins there; between two that are one there is nothing.
        at = (await store.read(span()))[0][0].posts[1].at
        halves = await store.read(span(bounds=(whole[0], at, at, whole[1])))
        assert ids(halves) == [[sent], [], [timed]]
        assert ids(await store.read(span(integration_ids=desk.accounts[1:]))) == [[sent]]
        assert ids(await store.read(span(statuses=["scheduled"]))) == [[timed]]
        assert await store.read(span(project="prj_other")) == ([([], 0)], False)

    with_store(story)


def test_what_changed_is_seen_by_its_mark(with_store):
    async def story(store):
        desk = await Desk(store).open()
        post = (await desk.create(desk.order("one", after=60))).post_id

        def marks(*named):
            return lambda db: queries.changed(db, desk.project.id, named)

        before = await store.read(marks())
        assert before.keys() == {post}
        assert await store.read(marks(post)) == before
        clock.advance(1)
        await store.write(lambda db: changes.cancel(db, desk.project.id, post))
        cancelled = await store.read(marks())
        assert cancelled[post] != before[post]
        await store.write(lambda db: changes.remove(db, desk.project.id, post))
        # A deleted one is told of where it is named, in its own project alone.
        assert (await store.read(marks())) == {}
        assert (await store.read(marks(post))).keys() == {post}
        assert await store.read(lambda db: queries.changed(db, "prj_other", [post])) == {}
        running = (await desk.create(desk.order("two", accounts=desk.accounts[:1]))).post_id
        waiting = await store.read(marks())
        (target,) = await desk.targets(running)
        clock.advance(1)
        await desk.claim(target.id)
        assert (await store.read(marks()))[running] != waiting[running]

    with_store(story)
